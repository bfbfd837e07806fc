#!/usr/bin/env python3
"""The image peer computes what our programs do: features, loss, gradients, ten steps, and the loss in inference mode.

Random images go to both. Our programs start from their seed with dropout off and all examples in one batch; the initial
weights, the gradients (the first moment of Adam after one step) and the trained weights come from their files.
"""

import argparse
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile

import numpy as np
import torch

import babi_torch
import image_torch
from check_golden import difference, load

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
CLASSES, IMAGES, DELAY, STEPS = 4, {'train': 8, 'test': 4}, 2, 10
TOLERANCES = {'features': 1e-4, 'loss': 1e-5, 'gradients': 3e-3, 'losses': 1e-3, 'moving': 3e-3, 'test_loss': 1e-4}
CONV_NORM = {'scale': 'weight', 'shift': 'bias', 'moving_mean': 'running_mean', 'moving_var': 'running_var'}


def write_bmp(path, pixels):
    height, width, _ = pixels.shape                        # width is a multiple of 4: rows need no padding
    data = pixels[::-1, :, ::-1].tobytes()
    with open(path, 'wb') as f:
        f.write(b'BM' + struct.pack('<IIIIiiHHIIiiII', 54 + len(data), 0, 54, 40, width, height, 1, 24, 0, len(data),
                                    2835, 2835, 0, 0) + data)


def write_images(folder, rng):
    """{part: (images [N, 32, 32, 3] in [0, 1], labels)}, in the order in which our programs list them."""
    parts = {}
    for part, count in IMAGES.items():
        images = rng.integers(0, 256, (CLASSES, 4, 4, count, 3), np.uint8).repeat(8, 1).repeat(8, 2)   # 4 x 4 squares
        images = images.transpose(0, 3, 1, 2, 4)
        for c in range(CLASSES):
            os.makedirs(os.path.join(folder, part, f'class{c}'))
            for i in range(count):
                write_bmp(os.path.join(folder, part, f'class{c}', f'{i:02}.bmp'), images[c, i])
        parts[part] = (torch.from_numpy(images.reshape(-1, 32, 32, 3).astype(np.float32) / 255),
                       torch.arange(CLASSES).repeat_interleave(count))
    return parts


def renamed(tensors):
    """Our names and shapes to those of the peer."""
    state = {}
    for name, x in tensors.items():
        if name.startswith('convnet14.') and '.norm' in name:
            name = re.sub(r'\w+$', lambda last: CONV_NORM[last.group()], name)
        state[name] = x.permute(3, 2, 0, 1) if x.dim() == 4 else x
    return state


def set_weights(module, tensors):
    found = module.load_state_dict(renamed(tensors), strict=False)
    assert not found.unexpected_keys and all('num_batches' in name for name in found.missing_keys), found


class OurRun:
    """One of our programs on the images: initial weights, first gradients, losses of all steps, trained weights."""

    def __init__(self, program, folder, flags, examples):
        self.folder, self.name = folder, os.path.basename(program)
        common = [program, '--images_a', os.path.join(folder, 'a'), '--images_b', os.path.join(folder, 'b'),
                  '--random_state=1', '--threads=1', '--validation_split=0', '--verbose=2', *flags,
                  f'--batch_size_per_replica={examples}']
        self.initial = self.run(common + ['--epochs=0', '--save', self.path('initial')])[1]
        training = common + [f'--epochs={2 * STEPS}', '--checkpoint', self.path('checkpoint')]       # a constant rate
        self.run(training + ['--stop_after=1'])
        settings, state = load(self.path('checkpoint'))
        self.loss = float(settings['state.last.train_loss'])
        self.gradients = {n[len('adam.m.'):]: x / (1.0 - babi_torch.BETA1) for n, x in state.items()
                          if n.startswith('adam.m.')}
        lines, _ = self.run(training + ['--resume=1', f'--stop_after={STEPS}'])
        self.moving = {n: x for n, x in load(self.path('checkpoint'))[1].items() if n.rpartition('.moving_')[1]}
        self.losses = [self.loss] + [float(x) for x in re.findall(r'train_loss=(\S+)', lines)][:STEPS - 1]
        lines, self.trained = self.run(common + [f'--epochs={STEPS}', '--save', self.path('trained')])
        self.test_loss = float(re.findall(r'test_loss=(\S+)', lines)[-1])

    def path(self, name):
        return os.path.join(self.folder, f'{self.name}.{name}.safetensors')

    def run(self, command):
        environment = {**os.environ, 'XDG_CACHE_HOME': self.folder}
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        if done.returncode:
            sys.exit(f'{" ".join(command)}: exit code {done.returncode}\n{done.stderr}')
        saved = [command[i + 1] for i, flag in enumerate(command) if flag == '--save']
        return done.stdout, load(saved[0])[1] if saved else None


def compare(ours, model, max_norm, train, test):
    """Largest relative differences. `train`, `test`: labels and inputs of one batch."""
    set_weights(model, ours.initial)
    trainer = image_torch.Trainer(model, max_norm)
    losses = [trainer.step(*train)]
    gradients = {name: p.grad for name, p in model.named_parameters()}
    expected = renamed(ours.gradients)
    assert sorted(expected) == sorted(gradients)
    found = {'loss': abs(losses[0] / ours.loss - 1.0),
             'gradients': max(difference(gradients[n], g) for n, g in expected.items())}
    losses += [trainer.step(*train) for _ in range(STEPS - 1)]
    found['losses'] = max(abs(a / b - 1.0) for a, b in zip(losses, ours.losses))
    state = model.state_dict()
    found['moving'] = max(difference(state[n], x) for n, x in renamed(ours.moving).items())
    set_weights(model, ours.trained)
    model.eval()
    with torch.no_grad():
        found['test_loss'] = abs(float(trainer.loss(*test)) / ours.test_loss - 1.0)
    return found


def side_by_side(left, right):
    return torch.cat([left, right], 2)


class Features:
    """Features of frames from the cache of our program, and which frames they are, found by those of the peer."""

    def __init__(self, net, folder, a, b):
        cache = {}
        for path in glob.glob(os.path.join(folder, 'features', '*.safetensors')):
            features = load(path)[1]['features']
            cache[len(features)] = features
        self.zeros, self.worst = cache[1], 0.0
        self.batches = {part: self.batch(net, cache, a[part], b[part]) for part in IMAGES}
        self.see(net(torch.zeros(1, 32, 64, 3)), self.zeros)

    def see(self, found, expected):
        self.worst = max(self.worst, difference(found, expected))

    def find(self, features, candidates):
        """Index of the candidate that each row is."""
        nearest = torch.cdist(features, candidates).argmin(1)
        self.see(candidates[nearest], features)
        return nearest

    def batch(self, net, cache, a, b):
        (photographs, a_labels), (digits, b_labels) = a, b
        N = len(photographs)
        asked = net(side_by_side(photographs, torch.zeros_like(photographs)))
        shown = torch.cat([net(side_by_side(p.expand_as(digits), digits)) for p in photographs])
        examples = N // 4
        pairs, queries = cache[3 * examples], cache[examples]
        pair, query = self.find(pairs, shown), self.find(queries, asked)
        same_class = a_labels[pair // N].view(-1, 3) == a_labels[query].unsqueeze(1)
        assert (same_class.sum(1) == 1).all()
        labels = b_labels[pair % N].view(-1, 3)[same_class]
        order = torch.zeros(3, 1 + DELAY, examples, dtype=torch.long)                # row 0: a black frame
        order[:, 0] = 1 + torch.arange(3 * examples).view(examples, 3).t()
        return labels, torch.cat([self.zeros, pairs]), order.view(-1, examples), queries


def check_all(bin_folder):
    """Prints a line for each case; the number of failures."""
    failed = 0

    def report(case, found):
        nonlocal failed
        bad = [name for name, x in found.items() if not x < TOLERANCES[name]]
        failed += bool(bad)
        print(f'check {case:34s} ' + ' '.join(f'{name}={x:.1e}' for name, x in found.items()) +
              (' FAILED' if bad else ' ok'), flush=True)

    with tempfile.TemporaryDirectory() as folder, torch.random.fork_rng():
        rng = np.random.default_rng(1)
        a, b = (write_images(os.path.join(folder, name), rng) for name in 'ab')
        train, test = ((torch.cat([a[part][1], b[part][1] + CLASSES]), torch.cat([a[part][0], b[part][0]]))
                       for part in IMAGES)
        exported = os.path.join(folder, 'exported.safetensors')
        flags = ['--dropout_scale=0', '--channels=8']
        program = os.path.join(bin_folder, 'convnet14_cifar10_mnist_joint')
        ours = OurRun(program, folder, flags, len(train[0]))
        for impl in image_torch.IMPLEMENTATIONS['pretraining']:
            torch._C._set_mkldnn_enabled(impl != 'no_onednn')
            model = image_torch.Pretraining(impl, 8, 2 * CLASSES, 0.0)
            report(f'pretraining {impl}', compare(ours, model, 0.0, train, test))
        torch._C._set_mkldnn_enabled(True)

        ours.run([program, '--images_a', os.path.join(folder, 'a'), '--images_b', os.path.join(folder, 'b'), *flags,
                  '--epochs=0', '--quiet', '--load', ours.path('trained'), '--export_weights', exported])
        net = image_torch.ConvNet14(8).eval()
        set_weights(torch.nn.ModuleDict({'convnet14': net}), load(exported)[1])
        frozen = ['--use_pretrained_convnet=1', '--pretrained_weights', exported, '--dropout=0', f'--delay={DELAY}',
                  '--delay_padding=zeros', '--feature_cache', os.path.join(folder, 'features')]
        features = None
        for task, name in (('hmem', 'image_association_task'), ('lstm', 'image_association_task_lstm')):
            ours = OurRun(os.path.join(bin_folder, name), folder, frozen, CLASSES * IMAGES['train'] // 4)
            if features is None:
                with torch.no_grad():
                    features = Features(lambda x: net(x.permute(0, 3, 1, 2)), folder, a, b)
                report('features', {'features': features.worst})
            for impl in image_torch.IMPLEMENTATIONS[task]:
                model = {'hmem': image_torch.HMem, 'lstm': image_torch.Lstm}[task](
                    impl, features.zeros.size(1), CLASSES, dropout=0.0)
                report(f'{task} {impl}', compare(ours, model, 10.0, features.batches['train'],
                                                 features.batches['test']))
    return failed


def main():
    parser = argparse.ArgumentParser(description='Checks the image peer against our programs')
    parser.add_argument('--bin', default=os.path.join(ROOT, 'bin'), help='folder of our programs')
    args = parser.parse_args()
    torch.set_num_threads(1)
    sys.exit(1 if check_all(args.bin) else 0)


if __name__ == '__main__':
    main()

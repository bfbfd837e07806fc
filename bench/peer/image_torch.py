#!/usr/bin/env python3
"""Training steps of the image experiments in PyTorch: pretraining of ConvNet14, and association on frozen features.

The models of docs/equations.md, section 11, with random inputs of the same shapes as in
bin/convnet14_cifar10_mnist_joint and bin/image_association_task[_lstm]; --impl chooses how a step is expressed, and
`auto` times them and keeps the fastest. README.md in this folder says what is compared.
"""

import argparse
import math
import multiprocessing
import os
import re
import statistics
import time

import torch
import torch.nn.functional as F

import memory_loops
from babi_torch import (L2, MOMENTUM, NORM_EPSILON, WARM_UP_STEPS, BatchNorm, ClippedAdam, he_uniform,
                        keep_freed_memory, peak_rss_mib)

FEATURES, NOISE_FRAMES, PAIRS = 1024, 1000, 3
GAMMA_POS, GAMMA_NEG, W_MAX = 0.01, 0.01, 1.0


class Dense(torch.nn.Module):
    """x W + b, W [in, out]."""

    def __init__(self, size_in, size_out):
        super().__init__()
        self.weight, self.bias = he_uniform(size_in, size_in, size_out), torch.nn.Parameter(torch.zeros(size_out))

    def forward(self, x):
        return torch.addmm(self.bias, x, self.weight)


class Weight(torch.nn.Module):
    """x W."""

    def __init__(self, size_in, size_out):
        super().__init__()
        self.weight = he_uniform(size_in, size_in, size_out)

    def forward(self, x):
        return x @ self.weight


# Pretraining.

class ConvBlock(torch.nn.Module):
    def __init__(self, size_in, size_out, dropout):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(size_in, size_out, 3, padding=1)
        self.norm1 = torch.nn.BatchNorm2d(size_out, NORM_EPSILON, 1.0 - MOMENTUM)    # unbiased moving variance
        self.conv2 = torch.nn.Conv2d(size_out, size_out, 3, padding=1)
        self.norm2 = torch.nn.BatchNorm2d(size_out, NORM_EPSILON, 1.0 - MOMENTUM)
        self.dropout = dropout

    def forward(self, x):
        x = self.norm1(F.elu(self.conv1(x), inplace=True))
        x = self.norm2(F.elu(self.conv2(x), inplace=True))
        return F.dropout(F.max_pool2d(x, 2), self.dropout, self.training)


class ConvNet14(torch.nn.Module):
    def __init__(self, channels=32, dropout_scale=1.0):
        super().__init__()
        widths = [3] + [channels << i for i in range(5)]
        for i, dropout in enumerate((0.1, 0.1, 0.2, 0.3, 0.3)):
            setattr(self, f'block{i + 1}', ConvBlock(widths[i], widths[i + 1], dropout_scale * dropout))

    def forward(self, x):
        x = self.block5(self.block4(self.block3(self.block2(self.block1(x)))))
        return x.permute(0, 2, 3, 1).flatten(1)


class Top(torch.nn.Module):
    def __init__(self, features, classes, dropout):
        super().__init__()
        self.dense1, self.norm1 = Dense(features, 512), BatchNorm(512)
        self.dense2, self.norm2 = Dense(512, 256), BatchNorm(256)
        self.dense3, self.norm3 = Dense(256, 128), BatchNorm(128)
        self.output, self.dropout = Dense(128, classes), dropout

    def forward(self, x):
        x = self.norm1(F.elu(self.dense1(x), inplace=True))
        x = self.norm2(F.elu(self.dense2(x), inplace=True))
        x = self.norm3(F.elu(self.dense3(x), inplace=True))
        return self.output(F.dropout(x, self.dropout, self.training))


class Pretraining(torch.nn.Module):
    def __init__(self, impl, channels=32, classes=20, dropout_scale=1.0):
        super().__init__()
        self.convnet14 = ConvNet14(channels, dropout_scale)
        self.top = Top(16 * channels, classes, 0.4 * dropout_scale)
        self.format = torch.channels_last if 'channels_last' in impl else torch.contiguous_format
        self.to(memory_format=self.format)
        if 'script' in impl:
            self.convnet14, self.top = torch.jit.script(self.convnet14), torch.jit.script(self.top)

    def forward(self, images):
        """images [B, H, W, 3], as they are stored."""
        return self.top(self.convnet14(images.permute(0, 3, 1, 2).contiguous(memory_format=self.format)))

    def regularised(self):
        return [p for p in self.convnet14.parameters() if p.dim() == 4]


# Association: frames [R, F] are the features of the distinct frames of a batch, shown [T, B] says which comes when.

def in_order(rows, shown):
    """Rows [T B, N] in the order shown; None if all frames are distinct and come in this order."""
    return rows if shown is None else F.embedding(shown.flatten(), rows)


def write_memory(impl, k, v):
    loop = re.match('[a-z]*', impl).group()
    if loop in memory_loops.STEP_LOOPS:
        values = v.unbind(0)
        return memory_loops.STEP_LOOPS[loop](k, lambda t, read: values[t], GAMMA_POS, GAMMA_NEG, W_MAX)
    memory_loops.BLOCK = int(impl[len(loop):] or 16)
    lengths = torch.full((k.size(1),), k.size(0), dtype=torch.long)
    return memory_loops.SEQUENCE_LOOPS[loop](k, v, lengths, GAMMA_POS, GAMMA_NEG, W_MAX)


class Encoder(torch.nn.Module):
    def __init__(self, features, size):
        super().__init__()
        self.dense, self.norm = Weight(features, size), BatchNorm(size)


class HMem(torch.nn.Module):
    def __init__(self, impl, features=FEATURES, classes=10, size=128, memory=200, dropout=0.3):
        super().__init__()
        self.impl, self.dropout = impl, dropout
        self.frame, self.query = Encoder(features, size), Encoder(features, size)
        self.extract = torch.nn.ModuleDict({'key': Weight(size, memory), 'value': Weight(size, memory)})
        self.read, self.output = Weight(size, memory), Weight(memory, classes)

    def forward(self, frames, shown, queries):
        B = len(queries)
        x = in_order(F.relu(self.frame.dense(frames)), shown)
        x = F.dropout(self.frame.norm(x), self.dropout, self.training)
        q = F.dropout(self.query.norm(F.relu(self.query.dense(queries))), self.dropout, self.training)
        k, v = (F.relu(self.extract[name](x)).view(len(x) // B, B, -1) for name in ('key', 'value'))
        M = write_memory(self.impl, k, v)
        return self.output(torch.bmm(F.relu(self.read(q)).unsqueeze(1), M).squeeze(1))

    def regularised(self):
        return [self.frame.dense.weight, self.query.dense.weight, self.extract['key'].weight,
                self.extract['value'].weight, self.read.weight]


def lstm_loop(z, recurrent):
    """Last state for z = x W + b [T, B, 4 H] and U [H, 4 H]; gates i, f, g, o."""
    size = recurrent.size(0)
    h = torch.zeros(z.size(1), size)
    c = torch.zeros(z.size(1), size)
    for t in range(z.size(0)):
        i, f, g, o = torch.addmm(z[t], h, recurrent).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return h


script_loop = torch.jit.script(lstm_loop)


class CustomLstm(torch.autograd.Function):
    """A hand-written backward pass: no graph, reused buffers, one product for the gradient of U."""

    @staticmethod
    def forward(ctx, z, recurrent):
        T, B, size = z.size(0), z.size(1), recurrent.size(0)
        gates, states = torch.empty_like(z), torch.empty(3, T, B, size)
        h, c, tanh_c = states
        for t in range(T):
            a = gates[t]
            if t:
                torch.addmm(z[t], h[t - 1], recurrent, out=a)
            else:
                a.copy_(z[t])
            a[:, :2 * size].sigmoid_()
            a[:, 2 * size:3 * size].tanh_()
            a[:, 3 * size:].sigmoid_()
            i, f, g, o = a.chunk(4, 1)
            torch.mul(i, g, out=c[t])
            if t:
                c[t].addcmul_(f, c[t - 1])
            torch.tanh(c[t], out=tanh_c[t])
            torch.mul(o, tanh_c[t], out=h[t])
        ctx.save_for_backward(recurrent, gates, states)
        return h[-1].clone()

    @staticmethod
    def backward(ctx, dh):
        recurrent, gates, (h, c, tanh_c) = ctx.saved_tensors
        T, size = len(gates), recurrent.size(0)
        slope, dz = gates * (1.0 - gates), torch.empty_like(gates)
        slope[..., 2 * size:3 * size] = 1.0 - gates[..., 2 * size:3 * size].square()
        through = gates[..., 3 * size:] * (1.0 - tanh_c.square())
        dc, by_state = torch.zeros_like(dh), recurrent.t().contiguous()
        for t in reversed(range(T)):
            i, f, g, _ = gates[t].chunk(4, 1)
            di, df, dg, do = dz[t].chunk(4, 1)
            dc.addcmul_(dh, through[t])
            torch.mul(dc, g, out=di)
            torch.mul(dc, i, out=dg)
            torch.mul(dh, tanh_c[t], out=do)
            if t:
                torch.mul(dc, c[t - 1], out=df)
            else:
                df.zero_()
            dz[t].mul_(slope[t])
            if t:
                dh = dz[t] @ by_state
                dc.mul_(f)
        return dz, h[:-1].flatten(0, 1).t() @ dz[1:].flatten(0, 1)


LSTM_LOOPS = {'eager': lstm_loop, 'script': script_loop, 'custom': CustomLstm.apply, 'module': None}


class LstmCell(torch.nn.Module):
    def __init__(self, size_in, size):
        super().__init__()
        limit = math.sqrt(6.0 / (size_in + 4 * size))
        self.kernel = torch.nn.Parameter(torch.empty(size_in, 4 * size).uniform_(-limit, limit))
        self.recurrent = torch.nn.Parameter(torch.nn.init.orthogonal_(torch.empty(size, 4 * size)))
        self.bias = torch.nn.Parameter(torch.zeros(4 * size))


class Lstm(torch.nn.Module):
    def __init__(self, impl, features=FEATURES, classes=10, size=128, hidden=200, dropout=0.3):
        super().__init__()
        self.loop, self.dropout = LSTM_LOOPS[impl], dropout
        self.dense, self.norm = Weight(features, size), BatchNorm(size)
        self.lstm, self.output = LstmCell(size, hidden), Weight(hidden, classes)

    def forward(self, frames, shown, queries):
        B = len(queries)
        x = torch.cat([in_order(F.relu(self.dense(frames)), shown), F.relu(self.dense(queries))])
        x = F.dropout(self.norm(x), self.dropout, self.training)
        weights = self.lstm
        if self.loop is None:                             # what torch.nn.LSTM calls, with one bias instead of two
            state = torch.zeros(1, B, weights.recurrent.size(0))
            flat = [weights.kernel.t(), weights.recurrent.t(), weights.bias, torch.zeros_like(weights.bias)]
            h = torch.lstm(x.view(-1, B, x.size(1)), (state, state), flat, True, 1, 0.0, True, False, False)[1][0]
        else:
            z = torch.addmm(weights.bias, x, weights.kernel)
            h = self.loop(z.view(-1, B, z.size(1)), weights.recurrent)
        return self.output(h)

    def regularised(self):
        return [self.dense.weight]


# Training.

class Trainer:
    def __init__(self, model, max_norm=0.0, rate=1e-3):
        self.model, self.regularised = model, model.regularised()
        self.adam = ClippedAdam(list(model.parameters()), rate, max_norm)

    def loss(self, labels, *inputs):
        return (F.cross_entropy(self.model(*inputs), labels) +
                L2 * sum(w.square().sum() for w in self.regularised))

    def step(self, labels, *inputs):
        self.adam.zero_grad(set_to_none=True)
        loss = self.loss(labels, *inputs)
        loss.backward()
        self.adam.step()
        return float(loss.detach())


def image_batches(batch):
    images = torch.randint(0, 256, (2000, 32, 32, 3), dtype=torch.uint8)
    labels = torch.randint(0, 20, (2000,))
    while True:
        rows = torch.randint(0, len(images), (batch,))
        yield labels[rows], images[rows].float().div_(255.0)


def association_batches(batch, delay):
    """Three pairs, each followed by `delay` frames of noise from a pool, then the query."""
    examples = 1000
    table = torch.rand(PAIRS * examples + NOISE_FRAMES, FEATURES)
    queries, labels = torch.rand(examples, FEATURES), torch.randint(0, 10, (examples,))
    noise = torch.randint(PAIRS * examples, len(table), (PAIRS, delay, examples))
    ids = torch.cat([torch.arange(PAIRS * examples).view(PAIRS, 1, examples), noise], 1).view(-1, examples)
    while True:
        rows = torch.randint(0, examples, (batch,))
        frames, shown = ids[:, rows].flatten(), None
        if delay:
            frames, shown = torch.unique(frames, return_inverse=True)
        yield labels[rows], table[frames], shown, queries[rows]


IMPLEMENTATIONS = {
    'pretraining': ['eager', 'script', 'channels_last', 'channels_last+script', 'no_onednn'],
    'hmem': ['fused', 'bmm', 'recurrence', 'jit', 'custom', 'blocked16', 'blocked8', 'blocked4'],
    'lstm': [*LSTM_LOOPS],
}
BATCH = {'pretraining': 128, 'hmem': 32, 'lstm': 32}


def make_trainer(task, impl):
    if task == 'pretraining':
        return Trainer(Pretraining(impl))
    return Trainer({'hmem': HMem, 'lstm': Lstm}[task](impl), 10.0)


def time_steps(task, impl, delay, threads, warm_up, steps):
    """Milliseconds of each step, drawing the batch included. IMPL@avx512: PyTorch's own kernels use AVX-512, too."""
    impl, _, capability = impl.partition('@')
    if capability:
        os.environ['ATEN_CPU_CAPABILITY'] = capability   # read at the first operation of the process
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    torch._C._set_mkldnn_enabled(impl != 'no_onednn')
    trainer = make_trainer(task, impl)
    batches = image_batches(BATCH[task]) if task == 'pretraining' else association_batches(BATCH[task], delay)
    times = []
    for _ in range(warm_up + steps):
        start = time.perf_counter()
        trainer.step(*next(batches))
        times.append(1e3 * (time.perf_counter() - start))
    return times[warm_up:]


def fastest(task, delay, threads):
    """Times the variants that may win, each in a process of its own, then the fastest with AVX-512."""
    medians = {}

    def measure(impl):
        with multiprocessing.get_context('fork').Pool(1) as pool:
            medians[impl] = statistics.median(pool.apply(time_steps, (task, impl, delay, threads, 3, 3)))

    slow = {'no_onednn'} | ({'fused', 'bmm', 'recurrence', 'jit', 'blocked8'} if delay else set())
    for impl in IMPLEMENTATIONS[task]:
        if impl not in slow:
            measure(impl)
    if has_avx512():
        measure(min(medians, key=medians.get) + '@avx512')
    print('auto ' + ' '.join(f'{n}_ms={m:.1f}' for n, m in medians.items()), flush=True)
    return min(medians, key=medians.get)


def has_avx512():
    with open('/proc/cpuinfo') as f:
        return ' avx512f ' in f.read()


def loaded_blas():
    with open('/proc/self/maps') as f:
        names = re.findall(r'/lib(openblas|mkl_rt|mkl_core|blis)[^/ ]*?-?r?([0-9.]*)\.so', f.read())
    return '_'.join(filter(None, names[0])) if names else 'reference'


def describe():
    """Versions and instruction sets, one line."""
    config = torch.__config__.show()
    onednn = re.search(r'MKL-DNN (v[0-9.]+)', config)
    compiler = re.search(r'(GCC|clang) [0-9.]+', config)
    aten = re.search(r'CPU capability usage: (\w+)', config)
    return (f'torch={torch.__version__} onednn={onednn.group(1) if onednn else "none"} '
            f'compiler={compiler.group().replace(" ", "_") if compiler else "unknown"} blas={loaded_blas()} '
            f'aten={aten.group(1) if aten else "unknown"}')


def main():
    parser = argparse.ArgumentParser(description='Training steps of the image experiments, in PyTorch')
    parser.add_argument('--task', choices=[*IMPLEMENTATIONS], default='pretraining')
    parser.add_argument('--impl', default='auto',
                        help='auto; ' + '; '.join(f'{t}: {", ".join(i)}' for t, i in IMPLEMENTATIONS.items()))
    parser.add_argument('--delay', type=int, default=0)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--limit_steps', type=int, default=9)
    parser.add_argument('--malloc', choices=['tuned', 'default'], default='tuned')
    args = parser.parse_args()
    if args.impl != 'auto' and args.impl.partition('@')[0] not in IMPLEMENTATIONS[args.task]:
        parser.error(f'--impl of {args.task}: auto, ' + ', '.join(IMPLEMENTATIONS[args.task]))
    if args.malloc == 'tuned':
        keep_freed_memory()
    impl = fastest(args.task, args.delay, args.threads) if args.impl == 'auto' else args.impl
    times = time_steps(args.task, impl, args.delay, args.threads, WARM_UP_STEPS, args.limit_steps)
    print(f'{describe()} impl={impl} malloc={args.malloc} threads={args.threads} batch={BATCH[args.task]}')
    print(f'final step_ms_median={statistics.median(times):.3f} step_ms_min={min(times):.3f} '
          f'peak_rss_mib={peak_rss_mib():.1f}')


if __name__ == '__main__':
    main()

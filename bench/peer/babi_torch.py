#!/usr/bin/env python3
"""H-Mem on one bAbI task in PyTorch: what a user of a framework would run instead of bin/babi_task_single.

Same model, same training, same flags. The memory is written sentence by sentence; --impl chooses how that loop is
expressed (memory_loops.py), and `auto` times all loops on this task's shapes and keeps the fastest. README.md in this
folder says what is compared.
"""

import argparse
import ctypes
import glob
import math
import multiprocessing
import os
import re
import resource
import statistics
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

from memory_loops import SEQUENCE_LOOPS, STEP_LOOPS

L2, NORM_EPSILON, MOMENTUM = 1e-3, 1e-3, 0.99
BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-7
WARM_UP_STEPS = 5


# Data: ids from the text files.

def read_examples(path):
    """(sentences so far, question, answer) for each question of a bAbI file; words are lower-cased bytes."""
    examples, story = [], []
    words = re.compile(rb'[\w\x80-\xff]+').findall
    with open(path, 'rb') as f:
        for line in f:
            number, text = line.strip().lower().split(b' ', 1)
            if int(number) == 1:
                story = []
            if b'\t' in text:
                question, answer, _ = text.split(b'\t')
                examples.append((story[:], words(question), answer.strip()))
            else:
                story.append(words(text))
    return examples


def vectorise(examples, index, num_sentences, num_slots):
    """Stories time-major [T, N, W], questions [N, W], answers [N], lengths [N]; stories longer than T are left out."""
    examples = [e for e in examples if len(e[0]) <= num_sentences]
    stories = np.zeros((num_sentences, len(examples), num_slots), np.int64)
    questions = np.zeros((len(examples), num_slots), np.int64)
    for n, (story, question, _) in enumerate(examples):
        for t, sentence in enumerate(story):
            stories[t, n, :len(sentence)] = [index[w] for w in sentence]
            stories[t, n, -1] = len(index) + len(story) - t           # the time word counts back from the end
        questions[n, :len(question)] = [index[w] for w in question]
    answers = np.array([index[e[2]] for e in examples], np.int64)
    lengths = np.array([len(e[0]) for e in examples], np.int64)
    return tuple(torch.from_numpy(x) for x in (stories, questions, answers, lengths))


class Task:
    def __init__(self, args):
        folder = os.path.join(args.data_dir, 'en' if args.training_set_size == '1k' else 'en-10k')
        parts = []
        for part in ('train', 'test'):
            found = glob.glob(os.path.join(glob.escape(folder), f'qa{args.task_id}_*_{part}.txt'))
            if not found:
                sys.exit(f'no qa{args.task_id}_*_{part}.txt in {folder}')
            parts.append(read_examples(found[0]))
        everything = parts[0] + parts[1]
        words = {w for story, question, answer in everything for s in story + [question, [answer]] for w in s}
        index = {w: i + 1 for i, w in enumerate(sorted(words))}
        longest = max(len(story) for story, _, _ in everything)
        self.num_sentences = longest if args.max_num_sentences < 0 else min(longest, args.max_num_sentences)
        self.num_slots = max(max(len(s) for story, _, _ in everything for s in story) + 1,
                             max(len(question) for _, question, _ in everything))
        self.vocabulary = 1 + len(index) + self.num_sentences
        train, self.test = (vectorise(p, index, self.num_sentences, self.num_slots) for p in parts)
        count = len(train[2])
        cut = int((1.0 - args.validation_split) * count)
        self.train, self.validation = take(train, slice(0, cut)), take(train, slice(cut, count))


def take(data, rows):
    stories, questions, answers, lengths = data
    return stories[:, rows], questions[rows], answers[rows], lengths[rows]


# The model.

def he_uniform(fan_in, *shape):
    limit = math.sqrt(6.0 / fan_in)
    return torch.nn.Parameter(torch.empty(*shape).uniform_(-limit, limit))


def position_encoding(num_slots, size):
    w = torch.arange(1, num_slots + 1).unsqueeze(1) - (num_slots + 1) / 2
    j = torch.arange(1, size + 1) - (size + 1) / 2
    encoding = 1.0 + 4.0 * w * j / (num_slots * size)
    encoding[-1] = 1.0
    return encoding


class BatchNorm(torch.nn.Module):
    """torch.nn.BatchNorm1d with the biased variance in its moving average."""

    def __init__(self, size):
        super().__init__()
        self.epsilon, self.rate = NORM_EPSILON, 1.0 - MOMENTUM
        self.scale = torch.nn.Parameter(torch.ones(size))
        self.shift = torch.nn.Parameter(torch.zeros(size))
        self.register_buffer('moving_mean', torch.zeros(size))
        self.register_buffer('moving_var', torch.ones(size))

    def forward(self, x):
        if not self.training:
            return F.batch_norm(x, self.moving_mean, self.moving_var, self.scale, self.shift, eps=self.epsilon)
        var, mean = torch.var_mean(x.detach(), [0], unbiased=False)
        self.moving_mean.lerp_(mean, self.rate)
        self.moving_var.lerp_(var, self.rate)
        return F.batch_norm(x, None, None, self.scale, self.shift, training=True, eps=self.epsilon)


class HMem(torch.nn.Module):
    def __init__(self, task, args, impl):
        super().__init__()
        E, D = args.embeddings_size, args.memory_size
        self.impl, self.hops, self.constants = impl, args.hops, (args.gamma_pos, args.gamma_neg, args.w_assoc_max)
        self.embedding = he_uniform(task.vocabulary, task.vocabulary, E)
        encoding = (position_encoding(task.num_slots, E) if args.encodings_type == 'position_encoding' else
                    torch.ones(task.num_slots, E))
        self.encoding = torch.nn.Parameter(encoding, requires_grad=args.encodings_type == 'learned_encoding')
        self.story_norm, self.query_norm = BatchNorm(E), BatchNorm(E)
        self.extract_key, self.extract_value = he_uniform(E, E, D), he_uniform(E, E, D)
        self.read = he_uniform(E + D, E + D, D)
        self.output = he_uniform(D, D, task.vocabulary)
        self.regularised = [self.extract_key, self.extract_value, self.read]
        self.write = None
        if args.read_before_write:
            self.write = he_uniform(2 * D, 2 * D, D)
            self.key_norm, self.value_norm = (torch.nn.LayerNorm(D, eps=NORM_EPSILON) for _ in range(2))
            self.regularised.append(self.write)
        not_nil = torch.ones(task.vocabulary, 1)
        not_nil[0] = 0.0
        self.register_buffer('not_nil', not_nil)

    def forward(self, stories, questions, lengths):
        T, B, W = stories.shape
        E = self.embedding.size(1)
        steps = int(lengths.max())                        # everything beyond the longest story of the batch is padding
        ids = torch.cat([stories[:steps].reshape(-1, W), questions])
        x = (F.embedding(ids, self.embedding * self.not_nil) * self.encoding).sum(1)
        padding = x.new_zeros((T - steps) * B, E)         # padded sentences count in the batch statistics
        s = self.story_norm(torch.cat([x[:steps * B], padding]))[:steps * B]
        q = self.query_norm(x[steps * B:])

        real = (torch.arange(steps).unsqueeze(1) < lengths).unsqueeze(2).to(x.dtype)
        k = F.relu(s @ self.extract_key).view(steps, B, -1)
        v = F.relu(s @ self.extract_value).view(steps, B, -1)
        if self.write is not None:
            k, values = self.key_norm(k) * real, (v @ self.write[:v.size(2)]).unbind(0)
            recall = self.write[v.size(2):]
            value = lambda t, read: self.value_norm(torch.addmm(values[t], read(), recall))
            M = STEP_LOOPS[self.impl](k, value, *self.constants)
        elif self.impl in SEQUENCE_LOOPS:
            M = SEQUENCE_LOOPS[self.impl](k * real, v, lengths, *self.constants)
        else:
            values = v.unbind(0)
            M = STEP_LOOPS[self.impl](k * real, lambda t, read: values[t], *self.constants)

        from_query = q @ self.read[:E]
        r = None
        for _ in range(self.hops):
            key = F.relu(from_query if r is None else torch.addmm(from_query, r, self.read[E:]))
            r = torch.bmm(key.unsqueeze(1), M).squeeze(1)
        return r @ self.output

    def l2(self):
        return L2 * sum(w.square().sum() for w in self.regularised)


# Training.

class ClippedAdam(torch.optim.Adam):
    """Adam in its epsilon-hat form; each parameter's gradient is clipped to max_norm (0: never)."""

    def __init__(self, parameters, rate, max_norm):
        super().__init__(parameters, rate, (BETA1, BETA2), foreach=True)
        self.clipped, self.max_norm, self.count = parameters, max_norm, 0

    def step(self):
        if self.max_norm > 0:
            gradients = [p.grad for p in self.clipped]
            for g, norm in zip(gradients, torch.stack(torch._foreach_norm(gradients)).tolist()):
                if norm > self.max_norm:
                    g.mul_(self.max_norm / norm)
        self.count += 1
        self.param_groups[0]['eps'] = ADAM_EPSILON / math.sqrt(1.0 - BETA2 ** self.count)
        super().step()


class Trainer:
    def __init__(self, task, args, impl):
        self.model = HMem(task, args, impl)
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        self.adam = ClippedAdam(parameters, args.learning_rate, args.max_grad_norm)

    def step(self, stories, questions, answers, lengths):
        self.adam.zero_grad(set_to_none=True)
        logits = self.model(stories, questions, lengths)
        loss = F.cross_entropy(logits, answers) + self.model.l2()
        loss.backward()
        self.adam.step()
        if self.model.encoding.requires_grad:
            self.model.encoding.data[-1] = 1.0
        return float(loss.detach()), logits.detach()

    @torch.no_grad()
    def evaluate(self, data, size):
        """(loss, error in per cent)."""
        self.model.eval()
        loss, wrong, count = 0.0, 0, len(data[2])
        for start in range(0, count, size):
            stories, questions, answers, lengths = take(data, slice(start, start + size))
            logits = self.model(stories, questions, lengths)
            loss += float(F.cross_entropy(logits, answers, reduction='sum'))
            wrong += int((logits.argmax(1) != answers).sum())
        self.model.train()
        return loss / max(count, 1) + float(self.model.l2()), 100.0 * wrong / max(count, 1)


def learning_rate(args, epoch):
    if args.read_before_write:
        return args.learning_rate * (1.0 if epoch < 150 else math.exp(0.01 * (150 - epoch)))
    return args.learning_rate * 0.85 ** (epoch // 20)


def full_batches(data, size):
    """Shuffled full batches, epoch after epoch."""
    while True:
        order = torch.randperm(len(data[2]))
        for rows in order[:len(order) // size * size].view(-1, size):
            yield take(data, rows)


def time_steps(task, args, impl, steps):
    """Milliseconds of each step, drawing the batch included."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.random_state)
    trainer, batches = Trainer(task, args, impl), full_batches(task.train, args.batch_size_per_replica)
    times = []
    for _ in range(WARM_UP_STEPS + steps):
        start = time.perf_counter()
        trainer.step(*next(batches))
        times.append(1e3 * (time.perf_counter() - start))
    return times[WARM_UP_STEPS:]


def fastest_loop(task, args):
    """Times the loops in processes of their own, so that this one's peak memory is that of the loop it uses.

    The better of two rounds counts, so that a disturbance does not decide.
    """
    names = [n for n in (STEP_LOOPS if args.read_before_write else {**STEP_LOOPS, **SEQUENCE_LOOPS}) if n != 'naive']
    medians = dict.fromkeys(names, math.inf)
    for name in names * 2:
        with multiprocessing.get_context('fork').Pool(1) as pool:
            times = pool.apply(time_steps, (task, args, name, 7))
        medians[name] = min(medians[name], statistics.median(times))
    print('auto ' + ' '.join(f'{n}_ms={m:.1f}' for n, m in medians.items()), flush=True)
    return min(medians, key=medians.get)


def peak_rss_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def keep_freed_memory():
    """glibc hands big blocks back to the kernel; keeping them saves the page faults (what jemalloc would do)."""
    libc = ctypes.CDLL(None)
    for option, value in ((-3, 1 << 30), (-1, 2 ** 31 - 1), (-2, 64 << 20)):    # mmap threshold, trim, top pad
        libc.mallopt(option, value)


def parse_arguments():
    parser = argparse.ArgumentParser(description='H-Mem on one bAbI task, in PyTorch')
    for name, default in (('max_num_sentences', -1), ('epochs', 100), ('learning_rate', 0.003), ('task_id', 1),
                          ('batch_size_per_replica', 128), ('max_grad_norm', 20.0), ('validation_split', 0.1),
                          ('hops', 3), ('memory_size', 100), ('embeddings_size', 80), ('read_before_write', 0),
                          ('gamma_pos', 0.01), ('gamma_neg', 0.01), ('w_assoc_max', 1.0), ('threads', 1),
                          ('limit_steps', 0)):
        parser.add_argument('--' + name, type=type(default), default=default)
    parser.add_argument('--random_state', type=int, default=None)
    parser.add_argument('--training_set_size', choices=['1k', '10k'], default='10k')
    parser.add_argument('--encodings_type', default='learned_encoding',
                        choices=['learned_encoding', 'position_encoding', 'identity_encoding'])
    parser.add_argument('--data_dir', help='folder that holds en/ and en-10k/ ($HMEM_DATA/babi/tasks_1-20_v1-2)',
                        default=os.path.join(os.environ.get('HMEM_DATA', 'datasets'), 'babi', 'tasks_1-20_v1-2'))
    parser.add_argument('--impl', choices=[*STEP_LOOPS, *SEQUENCE_LOOPS, 'auto'], default='auto',
                        help='how the memory is written')
    parser.add_argument('--malloc', choices=['tuned', 'default'], default='tuned')
    args = parser.parse_args()
    if args.read_before_write and args.impl in SEQUENCE_LOOPS:
        parser.error(f'--impl {args.impl} has no read-before-write')
    if args.random_state is None:
        args.random_state = torch.seed() % 2 ** 31
    return args


def main():
    args = parse_arguments()
    if args.malloc == 'tuned':
        keep_freed_memory()
    task = Task(args)
    impl = fastest_loop(task, args) if args.impl == 'auto' else args.impl
    print(f'torch={torch.__version__} impl={impl} malloc={args.malloc} threads={args.threads} '
          f'seed={args.random_state} task_id={args.task_id} vocabulary={task.vocabulary} '
          f'sentences={task.num_sentences} slots={task.num_slots}', flush=True)
    if args.limit_steps:
        times = time_steps(task, args, impl, args.limit_steps)
        median = statistics.median(times)
        print(f'final step_ms_median={median:.3f} step_ms_min={min(times):.3f} '
              f'examples_per_s={1e3 * args.batch_size_per_replica / median:.1f} peak_rss_mib={peak_rss_mib():.1f}')
        return

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.random_state)
    trainer, size, count = Trainer(task, args, impl), args.batch_size_per_replica, len(task.train[2])
    start, trained, train_loss, error = time.perf_counter(), 0.0, 0.0, 0.0
    for epoch in range(args.epochs):
        trainer.adam.param_groups[0]['lr'] = learning_rate(args, epoch)
        began, train_loss, wrong = time.perf_counter(), 0.0, 0
        for rows in torch.randperm(count).split(size):
            batch = take(task.train, rows)
            loss, logits = trainer.step(*batch)
            train_loss += loss * len(rows) / count
            wrong += int((logits.argmax(1) != batch[2]).sum())
        trained += time.perf_counter() - began
        val_loss, error = trainer.evaluate(task.validation, size)
        print(f'epoch={epoch} train_loss={train_loss:.4f} train_error={100.0 * wrong / count:.2f} '
              f'val_loss={val_loss:.4f} val_error={error:.2f}', flush=True)
    test_loss, test_error = trainer.evaluate(task.test, size)
    print(f'final task_id={args.task_id} epochs={args.epochs} train_loss={train_loss:.4f} val_error={error:.2f} '
          f'test_loss={test_loss:.4f} test_error={test_error:.2f} '
          f'examples_per_s={args.epochs * count / max(trained, 1e-9):.1f} peak_rss_mib={peak_rss_mib():.1f} '
          f'seconds={time.perf_counter() - start:.1f}')


if __name__ == '__main__':
    main()

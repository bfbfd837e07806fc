#!/usr/bin/env python3
"""Table of README.md from logs/: test error on official questions after training on official or on generated stories.

Usage: results/babi_transfer/make_table.py [LOG_FOLDER]
"""
import glob
import math
import os
import re
import sys

LOGS = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), 'logs')


def errors(kind, task, figure):
    """Errors in % by seed; figure: test_error (official questions) or val_error (questions like the training ones)."""
    found = {}
    for path in glob.glob(os.path.join(LOGS, f'{kind}_task{task}_seed*.log')):
        with open(path) as log:
            final = [line for line in log if line.startswith('final ')]
        seed = int(re.search(r'seed(\d+)', path)[1])
        if final:
            found[seed] = float(re.search(rf' {figure}=(\S+)', final[-1])[1])
    return [found[seed] for seed in sorted(found)]


def spread(values):
    """Standard error of the mean: of the runs, but not less than 1000 test questions allow."""
    mean = sum(values) / len(values)
    sampling = math.sqrt(max(mean, 0.1) * (100 - mean) / 1000)
    if len(values) < 2:
        return sampling
    variance = sum((x - mean) ** 2 for x in values) / (len(values) - 1)
    return math.sqrt(variance / len(values))


def text(values):
    return ', '.join(f'{x:g}' for x in values) if values else '-'


def mean(values):
    return sum(values) / len(values)


print('| task | official: test error of each run | generated: test error of each run | difference of the means | '
      'two standard errors | generated: test less validation error |')
print('|---|---|---|---|---|---|')
gaps = []
for task in range(1, 21):
    official, generated = (errors(kind, task, 'test_error') for kind in ('official', 'generated'))
    validation = errors('generated', task, 'val_error')
    gap = f'{mean(generated) - mean(validation):+.2f}' if generated else ''
    gaps += [test - own for test, own in zip(generated, validation)]
    if not official or not generated:
        print(f'| {task} | {text(official)} | {text(generated)} | | | {gap} |')
        continue
    error = math.hypot(spread(official), spread(generated))
    print(f'| {task} | {text(official)} | {text(generated)} | {mean(generated) - mean(official):+.2f} | {2 * error:.2f} '
          f'| {gap} |')
deviation = math.sqrt(sum((gap - mean(gaps)) ** 2 for gap in gaps) / (len(gaps) - 1) / len(gaps))
print(f'\nTest less validation error over all {len(gaps)} generated runs: {mean(gaps):+.2f} +- {deviation:.2f} points.')

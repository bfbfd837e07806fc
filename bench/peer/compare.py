#!/usr/bin/env python3
"""Training steps of bin/babi_task_single and of the PyTorch peer in turn, on real data: times, ratios, peak memory.

The two run A B A B ..., so that a drift of the machine affects both; a ratio is taken within each pair. Variants of the
peer: `best` is the loop that is fastest on this task, with an allocator that keeps its memory; `ordinary` is the plain
fused loop with the default allocator. Needs PyTorch in the python that runs this.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
PEER = [sys.executable, os.path.join(HERE, 'babi_torch.py')]
VARIANTS = {'best': ['--impl', 'auto', '--malloc', 'tuned'], 'ordinary': ['--impl', 'fused', '--malloc', 'default']}


def run(command, threads):
    environment = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f'{" ".join(command)}: exit code {done.returncode}')
    return done.stdout


def measure(command, threads):
    """(median step in ms, peak memory in MiB) from the program's last line."""
    line = run(command, threads).strip().splitlines()[-1]
    values = dict(re.findall(r'(\w+)=(\S+)', line))
    if not line.startswith('final ') or 'step_ms_median' not in values:
        sys.exit(f'{command[0]} ended with an unexpected line: {line}')
    return float(values['step_ms_median']), float(values['peak_rss_mib'])


def fixed_loop(options, common, threads):
    """Has `auto` decide once per task; every round then starts with that loop."""
    if 'auto' not in options:
        return options
    chosen = re.search(r'^torch=.* impl=(\w+)', run(PEER + common + options + ['--limit_steps', '1'], threads), re.M)
    return [chosen.group(1) if option == 'auto' else option for option in options]


def print_in_turn(title, ours, peer, args):
    """Runs both commands args.rounds times in turn and prints medians and ratios."""
    times = [(measure(ours, args.threads), measure(peer, args.threads)) for _ in range(args.rounds)]
    ratios = [p[0] / o[0] for o, p in times]
    ours_ms, ours_mib = (statistics.median(column) for column in zip(*(o for o, _ in times)))
    peer_ms, peer_mib = (statistics.median(column) for column in zip(*(p for _, p in times)))
    print(f'{title} threads={args.threads} ours_ms={ours_ms:.3f} '
          f'peer_ms={peer_ms:.3f} ratio_min={min(ratios):.2f} ratio_median={statistics.median(ratios):.2f} '
          f'ratio_max={max(ratios):.2f} ours_mib={ours_mib:.1f} peer_mib={peer_mib:.1f} '
          f'memory_ratio={peer_mib / ours_mib:.2f}', flush=True)


def compare(task, variant, args):
    common = ['--task_id', str(task), '--threads', str(args.threads), '--random_state', '1',
              '--read_before_write', str(args.read_before_write)]
    if args.data_dir:
        common += ['--data_dir', args.data_dir]
    options = fixed_loop(VARIANTS[variant], common, args.threads)
    steps = ['--limit_steps', str(args.steps)]
    print_in_turn(f'task={task} variant={variant} impl={options[1]}', [args.program] + common + steps,
                  PEER + common + options + steps, args)


def main():
    parser = argparse.ArgumentParser(description='H-Mem training steps: this library and PyTorch in turn')
    parser.add_argument('--tasks', default='1,2', help='comma-separated')
    parser.add_argument('--variants', default='best,ordinary', help='comma-separated: ' + ', '.join(VARIANTS))
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--steps', type=int, default=30, help='timed steps of a round')
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--read_before_write', type=int, default=0)
    parser.add_argument('--data_dir', default='', help='folder that holds en/ and en-10k/')
    parser.add_argument('--program', default=os.path.join(HERE, '..', '..', 'bin', 'babi_task_single'))
    args = parser.parse_args()
    variants = args.variants.split(',')
    if not set(variants) <= set(VARIANTS):
        parser.error('variants are ' + ', '.join(VARIANTS))
    if args.rounds < 1 or args.steps < 1:
        parser.error('rounds and steps must be at least 1')
    args.program = os.path.normpath(args.program)
    if not os.access(args.program, os.X_OK):
        parser.error(f'{args.program} does not exist; build it with make')
    for task in args.tasks.split(','):
        for variant in variants:
            compare(int(task), variant, args)


if __name__ == '__main__':
    main()

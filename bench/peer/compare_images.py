#!/usr/bin/env python3
"""Training steps of the image experiments and of the PyTorch peer in turn, on embedded images: times, ratios, memory.

First check_image.py, then each case in the manner of compare.py. The peer is the variant that `--impl auto` finds
fastest. Needs PyTorch in the python that runs this.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

import compare                                      # no torch here: a child's peak memory starts with its parent's

ROOT = os.path.normpath(os.path.join(compare.HERE, '..', '..'))
PEER = [sys.executable, os.path.join(compare.HERE, 'image_torch.py')]
PROGRAMS = {'pretraining': 'convnet14_cifar10_mnist_joint', 'hmem': 'image_association_task',
            'lstm': 'image_association_task_lstm'}
CASES = {'pretraining': ('pretraining', 0, 7, 7), 'hmem0': ('hmem', 0, 100, 50), 'hmem40': ('hmem', 40, 20, 5),
         'lstm0': ('lstm', 0, 100, 50), 'lstm40': ('lstm', 40, 12, 8)}        # task, delay, our steps, the peer's


def versions(ours, peer):
    """What was compiled and loaded, from the first line of each program."""
    with open('/proc/cpuinfo') as f:
        text = f.read()
    flags = re.search(r'^flags\s*:(.*)', text, re.M)
    vector = [x for x in flags.group(1).split() if re.match('avx|fma|amx', x)] if flags else ['unknown']
    model = re.search(r'^model name\s*:\s*(.*)', text, re.M)
    print(f'machine cpu="{model.group(1) if model else "unknown"}" processors={os.cpu_count()} '
          f'load={os.getloadavg()[0]:.1f} flags={",".join(vector)}')
    print('ours    ' + re.search(r'version=.*?(?= threads=)', ours).group())
    print('peer    ' + re.search(r'^(torch=.*) impl=', peer, re.M).group(1), flush=True)


def compare_case(case, args, work):
    task, delay, steps, peer_steps = CASES[case]
    ours = [os.path.join(args.bin, PROGRAMS[task]), '--data_dir=embedded', '--images_per_class=100',
            '--random_state=1', '--verbose=2', f'--threads={args.threads}', f'--limit_steps={steps}']
    if task != 'pretraining':
        ours += ['--use_pretrained_convnet=1', f'--delay={delay}', '--feature_cache', os.path.join(work, 'features'),
                 '--pretrained_weights', os.path.join(ROOT, 'datasets', 'weights', 'convnet14.safetensors')]
    peer = PEER + ['--task', task, '--delay', str(delay), '--threads', str(args.threads)]
    found = compare.run(peer + ['--limit_steps', '1'], args.threads)
    impl, batch = re.search(r' impl=(\S+) .* batch=(\d+)', found).groups()
    if case == args.cases[0]:
        versions(compare.run(ours, args.threads), found)
    print(f'case={case} ' + re.search(r'^auto .*', found, re.M).group(), flush=True)
    peer += ['--impl', impl, '--limit_steps', str(peer_steps)]
    compare.print_in_turn(f'case={case} batch={batch} impl={impl}', ours, peer, args)


def main():
    parser = argparse.ArgumentParser(description='Image training steps: this library and PyTorch in turn')
    parser.add_argument('--cases', default=','.join(CASES), help='comma-separated: ' + ', '.join(CASES))
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--bin', default=os.path.join(ROOT, 'bin'), help='folder of our programs')
    args = parser.parse_args()
    args.cases = args.cases.split(',')
    if not set(args.cases) <= set(CASES):
        parser.error('cases are ' + ', '.join(CASES))
    if args.rounds < 1:
        parser.error('rounds must be at least 1')
    for program in PROGRAMS.values():
        if not os.access(os.path.join(args.bin, program), os.X_OK):
            parser.error(f'{os.path.join(args.bin, program)} does not exist; build it with make')
    if subprocess.run([sys.executable, os.path.join(compare.HERE, 'check_image.py'), '--bin', args.bin]).returncode:
        sys.exit('the peer does not compute what our programs do')
    with tempfile.TemporaryDirectory() as work:
        for case in args.cases:
            compare_case(case, args, work)


if __name__ == '__main__':
    main()

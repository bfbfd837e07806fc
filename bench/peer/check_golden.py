#!/usr/bin/env python3
"""Every memory loop of the peer against the golden values in tests/golden: first loss, first gradients, ten steps."""

import argparse
import functools
import json
import os
import struct
import sys

import numpy as np
import torch

import babi_torch
from memory_loops import SEQUENCE_LOOPS, STEP_LOOPS

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'tests', 'golden')
CASES = ['plain', 'position_encoding', 'identity_encoding', 'one_hop', 'w_assoc_max', 'clipped', 'short_stories',
         'read_before_write']                            # the peer has no other batch norm than `padded`
RENAMED = {'embedding.weight': 'embedding', 'encoding.weight': 'encoding', 'extract.key.weight': 'extract_key',
           'extract.value.weight': 'extract_value', 'read.weight': 'read', 'write.weight': 'write',
           'output.weight': 'output', 'key_norm.scale': 'key_norm.weight', 'key_norm.shift': 'key_norm.bias',
           'value_norm.scale': 'value_norm.weight', 'value_norm.shift': 'value_norm.bias'}
TOLERANCE = 1e-9


def load(path):
    with open(path, 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    settings = header.pop('__metadata__', {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry['data_offsets']
        array = np.frombuffer(data[begin:end], {'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'I32': '<i4'}[entry['dtype']])
        tensors[name] = torch.from_numpy(array.reshape(entry['shape']).copy())
    return settings, tensors


def part(tensors, prefix):
    return {RENAMED.get(n[len(prefix):], n[len(prefix):]): x for n, x in tensors.items() if n.startswith(prefix)}


def difference(found, expected):
    """The largest relative to the largest value of the tensor."""
    return float((found - expected).abs().max() / expected.abs().max())


def check(settings, golden, impl):
    kinds = {'learning_rate': float, 'max_grad_norm': float, 'gamma_pos': float, 'gamma_neg': float,
             'w_assoc_max': float, 'encodings_type': str}
    args = argparse.Namespace(**{k: kinds.get(k, int)(v) for k, v in settings.items()
                                 if k not in ('batch_norm', 'relu_margin')})
    stories = golden['story_ids'].long().transpose(0, 1).contiguous()
    batch = stories, golden['question_ids'].long(), golden['answers'].long(), (stories != 0).any(2).sum(0)
    task = argparse.Namespace(vocabulary=len(golden['init.embedding.weight']), num_slots=stories.size(2))
    trainer = babi_torch.Trainer(task, args, impl)
    trainer.model.load_state_dict(part(golden, 'init.'), strict=False)
    gradients = {}

    def keep_first(name, gradient):                       # before the clip, which works in place
        if name not in gradients:
            gradients[name] = gradient.clone()

    for name, parameter in trainer.model.named_parameters():
        if parameter.requires_grad:
            parameter.register_hook(functools.partial(keep_first, name))
    losses = [trainer.step(*batch)[0] for _ in golden['losses']]
    expected = part(golden, 'grad.')
    assert sorted(expected) == sorted(gradients)
    pairs = [(gradients[n], g) for n, g in expected.items()] + [(torch.tensor(losses), golden['losses'])]
    state = trainer.model.state_dict()
    pairs += [(state[n], x) for n, x in part(golden, 'final.').items()]
    return float(torch.tensor([difference(*pair) for pair in pairs]).max())         # NaN if any of them is


def main():
    torch.set_default_dtype(torch.float64)
    failed = 0
    for case in CASES:
        settings, golden = load(os.path.join(GOLDEN, case + '.safetensors'))
        loops = [*STEP_LOOPS] if settings['read_before_write'] == '1' else [*STEP_LOOPS, *SEQUENCE_LOOPS]
        for impl in loops:
            worst = check(settings, golden, impl)
            failed += not worst < TOLERANCE
            verdict = 'ok' if worst < TOLERANCE else 'FAILED'
            print(f'{case:20s} {impl:12s} largest relative difference {worst:.1e} {verdict}')
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()

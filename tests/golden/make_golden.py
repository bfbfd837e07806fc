#!/usr/bin/env python3
"""Writes the golden values of this folder: the model for question answering and the optimiser, in float64.

A straight-line program: one story, one sentence, one word at a time, gradients by PyTorch's autograd. It is slow and
shares no code with the library or with bench/peer, so that an error in one of them shows as a difference.
README.md in this folder describes the files.
"""

import json
import math
import os
import struct

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

HERE = os.path.dirname(os.path.abspath(__file__))
BATCH_NORM_MOMENTUM, NORM_EPSILON, L2 = 0.99, 1e-3, 1e-3
BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-7
STEPS = 10

# Words 1..15, then the time words 16 (newest sentence) to 22; a sentence's last slot holds its time word.
WORDS, SENTENCES, SLOTS = 15, 7, 5
VOCABULARY = 1 + WORDS + SENTENCES
SAME = [1, 2, 3]                                      # the sentence that several stories repeat
STORIES = [
    [[4, 5, 6, 7], SAME, [8, 2, 9]],
    [[10, 3]],
    [SAME, [4, 2, 6], [11, 5, 12, 7], SAME, [8, 8], [1, 5, 9, 13], [10, 2, 12]],
    [[11, 2, 3], [4, 5, 9], SAME, [10, 5, 3, 7], [8, 2, 12]],
    [[9], SAME],
]
QUESTIONS = [[14, 1], [14, 10, 3], [14, 4, 2, 6, 13], [14, 8], [9, 14, 2]]    # the third one fills every slot
ANSWERS = [3, 3, 12, 6, 15]

DEFAULTS = dict(batch_norm='padded', encodings_type='learned_encoding', hops=3, gamma_pos=0.01, gamma_neg=0.01,
                w_assoc_max=1.0, max_grad_norm=0.0, learning_rate=0.003, read_before_write=0, embeddings_size=7,
                memory_size=17, max_sentences_per_story=7)
CASES = {
    'plain': {},
    'batch_norm_masked': dict(batch_norm='masked'),
    'batch_norm_none': dict(batch_norm='none', gamma_pos=0.03),
    'position_encoding': dict(encodings_type='position_encoding'),
    'identity_encoding': dict(encodings_type='identity_encoding'),
    'one_hop': dict(hops=1),
    'w_assoc_max': dict(w_assoc_max=0.7, gamma_pos=0.04, gamma_neg=0.09),
    'clipped': dict(max_grad_norm=0.25),
    'short_stories': dict(max_sentences_per_story=4),   # every story ends before the last slot
    'all_options': dict(batch_norm='masked', w_assoc_max=0.7, gamma_pos=0.06, gamma_neg=0.02, hops=2,
                        max_grad_norm=0.4, learning_rate=0.01),
    'read_before_write': dict(read_before_write=1, memory_size=13),
    'read_before_write_all_options': dict(read_before_write=1, memory_size=13, batch_norm='masked',
                                          w_assoc_max=0.7, gamma_pos=0.06, gamma_neg=0.02, hops=2, max_grad_norm=0.4),
    'answer_layer': dict(answer_layer=1),
    'read_norm_hop_sum': dict(read_norm=1, hop_sum=1),
    'two_layer_extractors': dict(extractor_layers=2),
    'signed_write': dict(read_before_write=1, memory_size=13, write_rule='signed', gamma_pos=0.06, gamma_neg=0.02),
    'all_new_options': dict(read_before_write=1, memory_size=13, batch_norm='masked', w_assoc_max=0.7, gamma_pos=0.06,
                            gamma_neg=0.02, max_grad_norm=5, write_rule='signed', answer_layer=1, read_norm=1,
                            hop_sum=1, extractor_layers=2, separate_hops=1),
    'separate_hops': dict(separate_hops=1),
}
# Settings that a case may lack: files from before they existed have no entry for them.
LATER = dict(write_rule='hebbian', answer_layer=0, read_norm=0, hop_sum=0, separate_hops=0, extractor_layers=1)


def pseudo_random(shape, low, high, seed):
    """low + (high - low) n / 65521 with n = (40 i^3 + 7919 i^2 + 104 i + 2024 seed) mod 65521, i from 1."""
    count = math.prod(shape)
    n = [(40 * i ** 3 + 7919 * i ** 2 + 104 * i + 2024 * seed) % 65521 for i in range(1, count + 1)]
    return torch.tensor([low + (high - low) * x / 65521 for x in n]).reshape(shape)


def he_uniform(shape, fan_in, seed):
    limit = math.sqrt(6.0 / fan_in)
    return pseudo_random(shape, -limit, limit, seed)


def make_inputs(setting):
    stories = [s[-setting['max_sentences_per_story']:] for s in STORIES]
    story_ids = torch.zeros(len(stories), SENTENCES, SLOTS, dtype=torch.int32)
    question_ids = torch.zeros(len(stories), SLOTS, dtype=torch.int32)
    for b, story in enumerate(stories):
        for t, sentence in enumerate(story):
            for w, word in enumerate(sentence):
                story_ids[b, t, w] = word
            story_ids[b, t, SLOTS - 1] = WORDS + len(story) - t
        for w, word in enumerate(QUESTIONS[b]):
            question_ids[b, w] = word
    return story_ids, question_ids, torch.tensor(ANSWERS, dtype=torch.int32)


def make_encoding(kind, E):
    P = torch.ones(SLOTS, E)
    if kind == 'learned_encoding':                    # training starts from ones; here from values that matter
        P += pseudo_random((SLOTS, E), -0.4, 0.4, 2)
    elif kind == 'position_encoding':
        for w in range(1, SLOTS + 1):
            for j in range(1, E + 1):
                P[w - 1, j - 1] = 1 + 4 * (j - (E + 1) / 2) * (w - (SLOTS + 1) / 2) / (E * SLOTS)
    P[SLOTS - 1] = 1.0
    return P


def read_name(setting, hop):
    return f'read{hop}.weight' if setting['separate_hops'] and hop > 1 else 'read.weight'


def make_parameters(setting):
    """(trained parameters, constants and moving averages)."""
    E, D = setting['embeddings_size'], setting['memory_size']
    trained = {'embedding.weight': he_uniform((VOCABULARY, E), VOCABULARY, 1)}
    state = {}
    (trained if setting['encodings_type'] == 'learned_encoding' else state)['encoding.weight'] = make_encoding(
        setting['encodings_type'], E)
    if setting['batch_norm'] != 'none':
        for seed, norm in ((10, 'story_norm'), (20, 'query_norm')):
            trained[norm + '.scale'] = pseudo_random((E,), 0.7, 1.3, seed)
            trained[norm + '.shift'] = pseudo_random((E,), -0.2, 0.2, seed + 1)
            state[norm + '.moving_mean'] = pseudo_random((E,), -0.1, 0.1, seed + 2)
            state[norm + '.moving_var'] = pseudo_random((E,), 0.8, 1.2, seed + 3)
    trained['extract.key.weight'] = he_uniform((E, D), E, 30)
    trained['extract.value.weight'] = he_uniform((E, D), E, 31)
    if setting['read_before_write']:
        trained['write.weight'] = he_uniform((2 * D, D), 2 * D, 32)
        for seed, norm in ((40, 'key_norm'), (50, 'value_norm')):
            trained[norm + '.scale'] = pseudo_random((D,), 0.7, 1.3, seed)
            trained[norm + '.shift'] = pseudo_random((D,), -0.2, 0.2, seed + 1)
    if setting['separate_hops']:
        for hop in range(1, setting['hops'] + 1):
            rows = E if hop == 1 else E + D
            trained[read_name(setting, hop)] = he_uniform((rows, D), rows, 39 + hop)
    else:
        trained['read.weight'] = he_uniform((E + D, D), E + D, 33)
    trained['output.weight'] = he_uniform((D, VOCABULARY), D, 34)
    if setting['extractor_layers'] == 2:
        trained['extract.story.weight'] = he_uniform((E, E), E, 35)
        trained['extract.question.weight'] = he_uniform((E, E), E, 36)
    if setting['answer_layer']:
        trained['answer.read.weight'] = he_uniform((D, D), D, 37)
        trained['answer.question.weight'] = he_uniform((E, D), E, 38)
    return trained, state


def encode(ids, p):
    x = torch.zeros(p['embedding.weight'].shape[1])
    for w, word in enumerate(ids.tolist()):
        if word != 0:
            x = x + p['encoding.weight'][w] * p['embedding.weight'][word]
    return x


def batch_norm(rows, counted, p, name, training):
    """Normalises every row by the mean and biased variance of the counted ones; also returns the moving averages."""
    scale, shift = p[name + '.scale'], p[name + '.shift']
    mean, var = p[name + '.moving_mean'], p[name + '.moving_var']
    moving = {}
    if training:
        counted = torch.stack(counted)
        batch_mean = counted.sum(0) / len(counted)
        batch_var = ((counted - batch_mean) ** 2).sum(0) / len(counted)
        for key, old, new in (('mean', mean, batch_mean), ('var', var, batch_var)):
            moving[f'{name}.moving_{key}'] = (BATCH_NORM_MOMENTUM * old + (1 - BATCH_NORM_MOMENTUM) * new).detach()
        mean, var = batch_mean, batch_var
    return [scale * (x - mean) / torch.sqrt(var + NORM_EPSILON) + shift for x in rows], moving


def standardised(x):
    mean = x.sum() / len(x)
    var = ((x - mean) ** 2).sum() / len(x)
    return (x - mean) / torch.sqrt(var + NORM_EPSILON)


def layer_norm(x, p, name):
    mean = x.sum() / len(x)
    var = ((x - mean) ** 2).sum() / len(x)
    return p[name + '.scale'] * (x - mean) / torch.sqrt(var + NORM_EPSILON) + p[name + '.shift']


def relu(x, report):
    """ReLU that notes how close to the kink it came: rounding must not flip a unit in single precision."""
    report['margin'] = min(report.get('margin', math.inf), float(x.detach().abs().min()))
    report['off'] = report.get('off', 0) + int((x <= 0).sum())
    report['on'] = report.get('on', 0) + int((x > 0).sum())
    return torch.where(x > 0, x, torch.zeros_like(x))


def forward(p, inputs, setting, training):
    """Logits [B, V], moving averages after this batch, report of the ReLUs. p holds parameters and state."""
    story_ids, question_ids, _ = inputs
    report = {}
    where, sentences, padding = [], [], []
    for b in range(len(story_ids)):
        for t in range(SENTENCES):
            real = bool((story_ids[b, t] != 0).any())
            (sentences if real else padding).append(encode(story_ids[b, t], p))
            if real:
                where.append(b)
    questions = [encode(q, p) for q in question_ids]
    moving = {}
    if setting['batch_norm'] != 'none':
        counted = sentences + padding if setting['batch_norm'] == 'padded' else sentences
        sentences, story_moving = batch_norm(sentences, counted, p, 'story_norm', training)
        questions, query_moving = batch_norm(questions, questions, p, 'query_norm', training)
        moving = {**story_moving, **query_moving}

    D, g_pos, g_neg, w_max = (setting[k] for k in ('memory_size', 'gamma_pos', 'gamma_neg', 'w_assoc_max'))
    logits = []
    for b, q in enumerate(questions):
        M = torch.zeros(D, D)
        for x in [s for s, story in zip(sentences, where) if story == b]:
            if setting['extractor_layers'] == 2:
                x = x + relu(x @ p['extract.story.weight'], report)
            k = relu(x @ p['extract.key.weight'], report)
            v = relu(x @ p['extract.value.weight'], report)
            if setting['read_before_write']:
                k = layer_norm(k, p, 'key_norm')
                v = layer_norm(torch.cat([v, k @ M]) @ p['write.weight'], p, 'value_norm')
            column = k.reshape(D, 1)
            kv = column * v.reshape(1, D)
            if setting['write_rule'] == 'signed':
                M = M + g_pos * (w_max * torch.sign(kv) - M) * kv.abs() - g_neg * M * column ** 2
            else:
                M = M + g_pos * (w_max - M) * kv - g_neg * M * column ** 2
        if setting['extractor_layers'] == 2:
            q = q + relu(q @ p['extract.question.weight'], report)
        r, total = torch.zeros(D), torch.zeros(D)
        for hop in range(1, setting['hops'] + 1):
            w = p[read_name(setting, hop)]
            x = torch.cat([q, r]) if len(w) > len(q) else q
            r = relu(x @ w, report) @ M
            if setting['read_norm']:
                r = standardised(r)
            total = total + r
        out = total if setting['hop_sum'] else r
        if setting['answer_layer']:
            out = out + relu(out @ p['answer.read.weight'] + q @ p['answer.question.weight'], report)
        logits.append(out @ p['output.weight'])
    return torch.stack(logits), moving, report


def objective(logits, answers, p):
    """(loss with L2, cross entropy alone)."""
    cross_entropy = 0.0
    for row, answer in zip(logits, answers.tolist()):
        cross_entropy = cross_entropy + torch.log(torch.exp(row).sum()) - row[answer]
    cross_entropy = cross_entropy / len(answers)
    regularised = ('extract.key.weight', 'extract.value.weight', 'read.weight', 'read2.weight', 'read3.weight',
                   'write.weight')
    return cross_entropy + L2 * sum((p[n] ** 2).sum() for n in regularised if n in p), cross_entropy


def clip(gradient, max_norm):
    norm = float((gradient ** 2).sum().sqrt())
    return gradient * (max_norm / norm) if max_norm > 0 and norm > max_norm else gradient


class Adam:
    """The epsilon-hat form: epsilon is added to the root of the uncorrected second moment."""

    def __init__(self, learning_rate):
        self.learning_rate, self.step, self.m, self.v = learning_rate, 0, {}, {}

    def update(self, parameters, gradients):
        self.step += 1
        rate = self.learning_rate * math.sqrt(1 - BETA2 ** self.step) / (1 - BETA1 ** self.step)
        for name, g in gradients.items():
            self.m[name] = BETA1 * self.m.get(name, 0.0) + (1 - BETA1) * g
            self.v[name] = BETA2 * self.v.get(name, 0.0) + (1 - BETA2) * g * g
            parameters[name] = parameters[name] - rate * self.m[name] / (torch.sqrt(self.v[name]) + ADAM_EPSILON)


def make_case(name, changes):
    known = {**DEFAULTS, **changes}
    setting = {**LATER, **known}
    inputs = make_inputs(setting)
    parameters, state = make_parameters(setting)
    out = dict(zip(('story_ids', 'question_ids', 'answers'), inputs))
    out.update({'init.' + n: x for n, x in {**parameters, **state}.items()})
    adam, losses, margin, clipped = Adam(setting['learning_rate']), [], math.inf, 0
    for step in range(STEPS):
        leaves = {n: x.clone().requires_grad_(True) for n, x in parameters.items()}
        logits, moving, report = forward({**state, **leaves}, inputs, setting, training=True)
        loss, cross_entropy = objective(logits, inputs[2], leaves)
        gradients = dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values()))))
        if step == 0:
            out.update(logits=logits, loss=loss.reshape(1), cross_entropy=cross_entropy.reshape(1))
            out.update({'grad.' + n: g for n, g in gradients.items()})
            out.update({'step1.' + n: x for n, x in moving.items()})
            for n, g in gradients.items():
                assert float(g.abs().max()) > 1e-5, f'{name}: the gradient of {n} is almost zero'
            assert report['on'] > 100 and report['off'] > 100, f'{name}: {report}'
            clipped = sum(float(g.norm()) > setting['max_grad_norm'] > 0 for g in gradients.values())
            assert (0 < clipped < len(gradients)) == (setting['max_grad_norm'] > 0), f'{name}: clips {clipped}'
        adam.update(parameters, {n: clip(g, setting['max_grad_norm']) for n, g in gradients.items()})
        if 'encoding.weight' in parameters:
            parameters['encoding.weight'][SLOTS - 1] = 1.0
        state.update(moving)
        losses.append(float(loss.detach()))
        margin = min(margin, report['margin'])
    assert margin > 1e-5, f'{name}: a ReLU comes within {margin:.1e} of its kink'
    logits, _, _ = forward({**state, **parameters}, inputs, setting, training=False)
    loss, _ = objective(logits, inputs[2], parameters)
    out.update(losses=torch.tensor(losses), eval_logits=logits, eval_loss=loss.reshape(1))
    out.update({'final.' + n: x for n, x in {**parameters, **state}.items()})
    write_safetensors(name, out, {**known, 'relu_margin': f'{margin:.1e}'})
    print(f'{name:30s} loss {losses[0]:.6f} -> {losses[-1]:.6f}, {clipped} gradients clipped, relu margin {margin:.0e}')


def make_optimizers():
    """Ten steps of each optimiser on a vector, with gradients that vanish, are tiny, are huge and change sign."""
    size, rate, momentum = 8, 0.01, 0.9
    start, gradients = pseudo_random((size,), -1, 1, 60), pseudo_random((STEPS, size), -2, 2, 61)
    gradients *= torch.tensor([1, 1e-3, 1e-6, 1e-8, 25, 1, 1, 0.0])
    gradients[1:, 5] = 0                              # touched once: it must go on moving
    gradients[:5, 6] = 0                              # touched late
    out = {'start': start, 'gradients': gradients}
    adam, p, path = Adam(rate), {'p': start}, []
    for g in gradients:
        adam.update(p, {'p': g})
        path.append(p['p'])
    out['adam'] = torch.stack(path)
    x, velocity, path = start, torch.zeros(size), []
    for g in gradients:
        velocity = momentum * velocity - rate * g
        x = x + velocity
        path.append(x)
    out['sgd_momentum'] = torch.stack(path)
    out['clip_20'] = torch.stack([clip(g, 20.0) for g in gradients])          # rows with norms above and below 20
    out['clip_0.5'] = clip(start, 0.5)
    assert 0 < sum(float(g.norm()) > 20 for g in gradients) < STEPS
    out['rate_plain'] = torch.tensor([0.003 * 0.85 ** (epoch // 20) for epoch in range(261)])
    out['rate_read_before_write'] = torch.tensor(
        [0.003 * (1.0 if epoch < 150 else math.exp(0.01 * (150 - epoch))) for epoch in range(261)])
    write_safetensors('optimizers', out, {'learning_rate': rate, 'momentum': momentum, 'schedule_learning_rate': 0.003})


def write_safetensors(name, tensors, setting):
    """8 bytes of header length, a JSON header padded with spaces to a multiple of 8, the raw tensors."""
    header = {'__metadata__': {k: str(v) for k, v in setting.items()}}
    data = b''
    for key, x in sorted(tensors.items(), key=lambda item: (item[1].dtype != torch.float64, item[0])):
        kind = {torch.float64: 'F64', torch.int32: 'I32'}[x.dtype]
        raw = x.detach().contiguous().numpy().tobytes()
        header[key] = {'dtype': kind, 'shape': list(x.shape), 'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(os.path.join(HERE, name + '.safetensors'), 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + data)


if __name__ == '__main__':
    for case_name, case_changes in CASES.items():
        make_case(case_name, case_changes)
    make_optimizers()

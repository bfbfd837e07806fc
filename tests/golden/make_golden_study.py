#!/usr/bin/env python3
"""Writes study.safetensors: what each sentence adds to the margin of an answer, by an independent program in float64.

The models and stories are those of the other files of this folder. Nothing here knows the formulas of
src/study/attribution.cpp: C_t is a product of whole matrices; writers, steerers, totals and origins are derivatives by
PyTorch's autograd with respect to a factor 1 on the part in question, the rest of the run being detached; leaving out is
another run. README.md in this folder describes the file.
"""

import json
import os
import struct

import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)

HERE = os.path.dirname(os.path.abspath(__file__))
EPSILON = 1e-3
DEFAULTS = dict(batch_norm='padded', encodings_type='learned_encoding', hops='3', gamma_pos='0.01', gamma_neg='0.01',
                w_assoc_max='1.0', read_before_write='0', write_rule='hebbian', answer_layer='0', read_norm='0',
                hop_sum='0', separate_hops='0', extractor_layers='1', tie_keys='0', embeddings_size='7')
# Rates far above the defaults, so that factors below 0 occur.
STRONG = dict(gamma_pos='0.4', gamma_neg='0.3')
CASES = {
    'plain': ('plain', {}),
    'strong': ('plain', STRONG),
    'batch_norm_none': ('batch_norm_none', {}),
    'position_encoding': ('position_encoding', {}),
    'one_hop': ('one_hop', STRONG),
    'two_hops': ('all_options', {}),
    'outer': ('plain', dict(write_rule='outer', gamma_pos='0.05')),
    'tie_keys': ('plain', dict(tie_keys='1', **STRONG)),
    'answer_layer': ('answer_layer', STRONG),
    'read_norm': ('plain', dict(read_norm='1', **STRONG)),
    'hop_sum': ('plain', dict(hop_sum='1', **STRONG)),
    'read_norm_hop_sum': ('read_norm_hop_sum', {}),
    'two_layer_extractors': ('two_layer_extractors', STRONG),
    'separate_hops': ('separate_hops', STRONG),
    'read_before_write': ('read_before_write', {}),
    'read_before_write_strong': ('read_before_write_all_options', dict(gamma_pos='0.3')),
    'read_before_write_outer': ('read_before_write', dict(write_rule='outer')),
    'signed_write': ('signed_write', dict(gamma_pos='0.3')),
    'all_new_options': ('all_new_options', {}),
}


def read_safetensors(name):
    with open(os.path.join(HERE, name + '.safetensors'), 'rb') as f:
        header = json.loads(f.read(struct.unpack('<Q', f.read(8))[0]))
        data = f.read()
    meta, tensors = header.pop('__metadata__'), {}
    for key, entry in header.items():
        begin, end = entry['data_offsets']
        kind = {'F64': torch.float64, 'I32': torch.int32}[entry['dtype']]
        tensors[key] = torch.frombuffer(bytearray(data[begin:end]), dtype=kind).reshape(entry['shape'])
    return meta, tensors


def rounded(x):
    """The library holds float32 weights and settings."""
    return torch.as_tensor(x, dtype=torch.float64).float().double()


class Run:
    """One story through the model; every part can be scaled: alpha (C_t in all reads), direct (C_t where the answer reads
    it), beta (shares of the key of a hop), omega (the own part of a value, by origin)."""

    def __init__(self, setting, p, story, question, skip=None):
        self.s, self.p = setting, p
        self.flag = lambda name: setting[name] == '1'
        self.number = lambda name: rounded(float(setting[name]))
        self.hops, self.D = int(setting['hops']), p['extract.value.weight'].shape[1]
        self.sentences = [self.encode(ids, 'story_norm', 'extract.story.weight') for ids in story]
        self.q = self.encode(question, 'query_norm', 'extract.question.weight')
        self.skip = skip
        self.write()

    def encode(self, ids, norm, layer):
        x = torch.zeros(self.p['embedding.weight'].shape[1])
        for slot, word in enumerate(ids.tolist()):
            if word:
                x = x + self.p['encoding.weight'][slot] * self.p['embedding.weight'][word]
        if self.s['batch_norm'] != 'none':
            p = self.p
            x = (x - p[norm + '.moving_mean']) / torch.sqrt(p[norm + '.moving_var'] + rounded(EPSILON))
            x = x * p[norm + '.scale'] + p[norm + '.shift']
        return x + torch.relu(x @ self.p[layer]) if self.s['extractor_layers'] == '2' else x

    def standardised(self, x, rstd=None):
        rstd = (1 / torch.sqrt(x.var(unbiased=False) + rounded(EPSILON))).detach() if rstd is None else rstd
        return (x - x.mean()) * rstd

    def rates(self):
        """growth, and the weights of k v and k^2 in F."""
        g_pos, g_neg, w_max = (self.number(n) for n in ('gamma_pos', 'gamma_neg', 'w_assoc_max'))
        return (g_pos, 0.0, 0.0) if self.s['write_rule'] == 'outer' else (g_pos * w_max, g_pos, g_neg)

    def write(self):
        growth, pos, neg = self.rates()
        self.M = torch.zeros(self.D, self.D)
        self.omega = torch.ones(len(self.sentences), requires_grad=True)
        by_origin = torch.zeros(self.D, self.D)     # the same memory as a function of omega, F and rstd frozen
        self.u, self.F, self.k = [], [], []
        for t, x in enumerate(self.sentences):
            k, v = torch.relu(x @ self.p['extract.key.weight']), torch.relu(x @ self.p['extract.value.weight'])
            v_origin = v
            if self.flag('read_before_write'):
                k = self.standardised(k) * self.p['key_norm.scale'] + self.p['key_norm.shift']
                y = torch.cat([v, k @ self.M]) @ self.p['write.weight']
                rstd = 1 / torch.sqrt(y.var(unbiased=False) + rounded(EPSILON))
                v = (y - y.mean()) * rstd * self.p['value_norm.scale'] + self.p['value_norm.shift']
                y = torch.cat([self.omega[t] * torch.relu(x @ self.p['extract.value.weight']),
                               k @ by_origin]) @ self.p['write.weight']
                v_origin = (y - y.mean()) * rstd * self.p['value_norm.scale'] + self.p['value_norm.shift']
            kv = torch.outer(k, v)
            F = 1 - pos * (kv.abs() if self.s['write_rule'] == 'signed' else kv) - neg * (k ** 2)[:, None]
            self.k.append(k), self.F.append(F), self.u.append(growth * kv)
            if t == self.skip:
                continue
            self.M = self.M * F + growth * kv
            by_origin = by_origin * F + growth * torch.outer(k, v_origin)
        self.by_origin = by_origin
        self.C = []
        for t in range(len(self.u)):
            kept = torch.ones(self.D, self.D)
            for F in self.F[t + 1:]:
                kept = kept * F
            self.C.append(self.u[t] * kept)

    def weights_of_hop(self, h):
        E = len(self.q)
        w = self.p['read.weight' if h == 0 or not self.flag('separate_hops') else f'read{h + 1}.weight']
        return self.p['extract.key.weight'] if self.flag('tie_keys') else w[:E], w[E:]

    def answer(self, m=None, direct=None, beta=None, frozen=None):
        """Logits. m: memory of all reads; direct: memory of the reads that the answer sees; beta: {hop: factors of the
        sentences' shares of its key}; frozen: gates and rstd of another run."""
        m = self.M if m is None else m
        out, n, shares, seen = 0, None, None, []
        self.gates, self.rstd, self.n = [], [], []
        for h in range(self.hops):
            w_q, w = self.weights_of_hop(h)
            z = self.q @ w_q
            if h > 0:
                if beta and h in beta:
                    z = z + sum(b * (c @ w) for b, c in zip(beta[h], shares))
                else:
                    z = z + n @ w
            gate = (z > 0).double().detach() if frozen is None else frozen.gates[h]
            k = gate * z

            def read(memory):
                r = k @ memory
                if not self.flag('read_norm'):
                    return r, torch.tensor(1.0)
                rstd = (1 / torch.sqrt(r.var(unbiased=False) + rounded(EPSILON))).detach()
                rstd = rstd if frozen is None else frozen.rstd[h]
                return (r - r.mean()) * rstd, rstd
            n, rstd = read(m)
            shares = []
            for c in self.C:
                r = k @ c
                shares.append((r - r.mean()) * rstd if self.flag('read_norm') else r)
            self.gates.append(gate), self.rstd.append(rstd), self.n.append(n)
            seen_n = n if direct is None else read(direct)[0]
            out = out + seen_n if self.flag('hop_sum') else seen_n
            self.shares = shares
        if self.flag('answer_layer'):
            z = out @ self.p['answer.read.weight'] + self.q @ self.p['answer.question.weight']
            gate = (z > 0).double().detach() if frozen is None else frozen.answer_gate
            self.answer_gate = gate
            out = out + gate * z
        return out @ self.p['output.weight']


def study(name, base, changes, out):
    meta, tensors = read_safetensors(base)
    setting = {**DEFAULTS, **meta, **changes}
    p = {n[len('init.'):]: rounded(x) for n, x in tensors.items() if n.startswith('init.')}
    if setting['tie_keys'] == '1':     # the rows of the value read alone: the others belong to the key's weights
        E = p['embedding.weight'].shape[1]
        p['read.weight'] = torch.cat([torch.zeros(E, p['read.weight'].shape[1]), p['read.weight'][E:]])
    negative = 0
    for b in range(len(tensors['question_ids'])):
        ids = [row for row in tensors['story_ids'][b] if bool((row != 0).any())]
        question, T = tensors['question_ids'][b], len(ids)
        run = Run(setting, p, ids, question)
        logits = run.answer().detach()
        best, other = torch.topk(logits, 2).indices.tolist()
        frozen = Run(setting, p, ids, question)
        frozen.answer()
        margin = lambda **what: (lambda l: l[best] - l[other])(run.answer(frozen=frozen, **what))

        def derivative(function):
            factor = torch.ones(T, requires_grad=True)
            return torch.autograd.grad(function(factor), factor, allow_unused=True)[0].detach()
        rest = (run.M - sum(run.C)).detach()
        assert float(rest.abs().max()) < 1e-13 * float(run.M.abs().max()), 'the terms are not the memory'
        scaled = lambda a: sum(x * c.detach() for x, c in zip(a, run.C))
        key = f'{name}.{b}.'
        out[key + 'pair'] = torch.tensor([best, other], dtype=torch.int32)
        out[key + 'margin'] = (logits[best] - logits[other]).reshape(1)
        out[key + 'logits'] = logits
        out[key + 'total'] = derivative(lambda a: margin(m=scaled(a)))
        out[key + 'writer'] = derivative(lambda a: margin(direct=scaled(a)))
        steers = torch.zeros(run.hops, T)
        for h in range(1, run.hops):
            steers[h] = derivative(lambda a: margin(beta={h: a}))
        out[key + 'steers'] = steers
        if b == 0:
            out[key + 'first_term'] = run.C[0]
        if run.flag('read_before_write'):
            l = run.answer(frozen=frozen, direct=run.by_origin)
            out[key + 'origin'] = torch.autograd.grad(l[best] - l[other], run.omega)[0]
        left_out = []
        for t in range(T):
            l = Run(setting, p, ids, question, skip=t).answer().detach()
            left_out.append([float(l[best] - l[other]), float(torch.softmax(l, 0).max()), float(l.argmax()),
                             float(torch.log_softmax(l, 0)[best])])
        out[key + 'left_out'] = torch.tensor(left_out)
        # The last hop's pairs: the answer reads C_s alone, and its share of t in the key gets a factor.
        if run.hops > 1:
            out[key + 'pairs'] = torch.stack([
                derivative(lambda a, s=s: margin(beta={run.hops - 1: a}, direct=run.C[s].detach())) for s in range(T)])
        negative += sum(int((F[k != 0] < 0).sum()) for F, k in zip(run.F, run.k))
    print(f'{name:26s} {negative} factors below 0')
    return negative


def write_safetensors(name, tensors):
    header, data = {'__metadata__': {'cases': json.dumps({n: {'base': c[0], **c[1]} for n, c in CASES.items()})}}, b''
    for key in sorted(tensors):
        x = tensors[key].detach().contiguous()
        raw = x.numpy().astype('<i4' if x.dtype == torch.int32 else '<f8').tobytes()
        header[key] = dict(dtype='I32' if x.dtype == torch.int32 else 'F64', shape=list(x.shape),
                           data_offsets=[len(data), len(data) + len(raw)])
        data += raw
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % 8)
    with open(os.path.join(HERE, name + '.safetensors'), 'wb') as f:
        f.write(struct.pack('<Q', len(text)) + text + data)


def main():
    out = {}
    negative = {name: study(name, *case, out) for name, case in CASES.items()}
    for name in ('strong', 'read_before_write_strong', 'signed_write'):
        assert negative[name] > 0, f'{name}: no factor is below 0'
    write_safetensors('study', out)


if __name__ == '__main__':
    main()

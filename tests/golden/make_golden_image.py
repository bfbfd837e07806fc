#!/usr/bin/env python3
"""Writes the golden values of the image networks' layers: a convolution block and an LSTM, in float64 by PyTorch's own
layers (conv2d, batch_norm, max_pool2d, nn.LSTM) and autograd. README.md in this folder describes the files.
"""

import torch
import torch.nn.functional as F

from make_golden import BATCH_NORM_MOMENTUM, NORM_EPSILON, he_uniform, pseudo_random, write_safetensors

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def conv(x, weight, bias):
    """x NCHW; weight [3, 3, in, out] as the library keeps it."""
    return F.elu(F.conv2d(x, weight.permute(3, 2, 0, 1), bias, padding=1))


def batch_norm(x, p, state, name, training):
    """PyTorch's momentum is the weight of the new value; it applies Bessel's correction to the moving variance."""
    return F.batch_norm(x, state[name + '.moving_mean'], state[name + '.moving_var'], p[name + '.scale'],
                        p[name + '.shift'], training, 1 - BATCH_NORM_MOMENTUM, NORM_EPSILON)


def conv_block(x, p, state, training):
    x = x.permute(0, 3, 1, 2)
    for i in ('1', '2'):
        x = conv(x, p[f'block.conv{i}.weight'], p[f'block.conv{i}.bias'])
        x = batch_norm(x, p, state, 'block.norm' + i, training)
    return F.max_pool2d(x, 2).permute(0, 2, 3, 1)


def make_conv_block():
    images, height, width, channels, middle, last = 3, 6, 4, 5, 7, 6
    p, state = {'inp': pseudo_random((images, height, width, channels), -1, 1, 1)}, {}
    for i, n_in, n_out in (('1', channels, middle), ('2', middle, last)):
        seed = 10 * int(i)
        p[f'block.conv{i}.weight'] = he_uniform((3, 3, n_in, n_out), 9 * n_in, seed)
        p[f'block.conv{i}.bias'] = pseudo_random((n_out,), -0.2, 0.2, seed + 1)
        p[f'block.norm{i}.scale'] = pseudo_random((n_out,), 0.7, 1.3, seed + 2)
        p[f'block.norm{i}.shift'] = pseudo_random((n_out,), -0.2, 0.2, seed + 3)
        state[f'block.norm{i}.moving_mean'] = pseudo_random((n_out,), -0.1, 0.1, seed + 4)
        state[f'block.norm{i}.moving_var'] = pseudo_random((n_out,), 0.8, 1.2, seed + 5)
    out = {'init.' + n: x.clone() for n, x in {**p, **state}.items()}
    leaves = {n: x.clone().requires_grad_(True) for n, x in p.items()}
    y = conv_block(leaves['inp'], leaves, state, training=True)      # state is updated in place
    weight = pseudo_random(tuple(y.shape), -1, 1, 30)
    gradients = torch.autograd.grad((weight * y).sum(), list(leaves.values()))
    out.update(out=y, out_weight=weight)
    out.update({'grad.' + n: g for n, g in zip(leaves, gradients)})
    out.update({'step1.' + n: x for n, x in state.items()})
    out['eval_out'] = conv_block(p['inp'], p, state, training=False)
    for name, g in zip(leaves, gradients):
        assert float(g.abs().max()) > 1e-3, f'the gradient of {name} is almost zero'
    write_safetensors('conv_block', out, {})
    print(f'conv_block: {images} images {height} x {width} x {channels} to {tuple(y.shape)}')


def make_lstm():
    batch, steps, n_in, hidden = 3, 4, 5, 6
    p = {'x': pseudo_random((batch, steps, n_in), -1, 1, 1),
         'lstm.kernel': pseudo_random((n_in, 4 * hidden), -0.8, 0.8, 2),
         'lstm.recurrent': pseudo_random((hidden, 4 * hidden), -0.6, 0.6, 3),
         'lstm.bias': pseudo_random((4 * hidden,), -0.5, 0.5, 4)}
    out = {'init.' + n: x for n, x in p.items()}
    layer = torch.nn.LSTM(n_in, hidden, batch_first=True)            # gates i f g o, weights [4h, .], two biases
    with torch.no_grad():
        layer.weight_ih_l0.copy_(p['lstm.kernel'].T)
        layer.weight_hh_l0.copy_(p['lstm.recurrent'].T)
        layer.bias_ih_l0.copy_(p['lstm.bias'])
        layer.bias_hh_l0.zero_()
    for kind in ('last', 'all'):
        layer.zero_grad()
        x = p['x'].clone().requires_grad_(True)
        states = layer(x)[0]
        y = states[:, -1] if kind == 'last' else states
        weight = pseudo_random(tuple(y.shape), -1, 1, 5)
        (weight * y).sum().backward()
        out.update({kind + '.out': y, kind + '.out_weight': weight, kind + '.grad.x': x.grad,
                    kind + '.grad.lstm.kernel': layer.weight_ih_l0.grad.T.clone(),
                    kind + '.grad.lstm.recurrent': layer.weight_hh_l0.grad.T.clone(),
                    kind + '.grad.lstm.bias': layer.bias_ih_l0.grad.clone()})
    write_safetensors('lstm', out, {})
    print(f'lstm: batch {batch}, {steps} steps of {n_in}, {hidden} units')


if __name__ == '__main__':
    make_conv_block()
    make_lstm()

"""The Hebbian write over a sequence, in every way that looked fast in PyTorch; all return the last memory M [B, D, D].

    M <- M + g+ (w - M) k v^T - g- M k^2

k [T, B, D] is zero on padded steps, which therefore leave the memory as it is. STEP_LOOPS ask value(t, read) for v_t
[B, D], which may call read() for what k_t retrieves from the memory so far (read-before-write). SEQUENCE_LOOPS take all
values v [T, B, D] at once, and the number of real steps of each story.
"""

import torch

BLOCK = 16                                                # stories whose memories and buffers stay in the L2 cache


def write_naive(k, value, g_pos, g_neg, w_max):
    _, B, D = k.shape
    M = torch.zeros(B, D, D)
    for t, k_t in enumerate(k):
        v_t = value(t, lambda: torch.bmm(k_t.unsqueeze(1), M).squeeze(1)).unsqueeze(1)
        k_t = k_t.unsqueeze(2)
        M = M + g_pos * (w_max - M) * k_t * v_t - g_neg * M * k_t ** 2
    return M


def steps_of(*tensors):
    return zip(*(x.unbind(0) for x in tensors))


def write_rank_one(k, value, g_pos, g_neg, w_max, product):
    """M <- M (1 - g- k^2 - A) + w A with A = g+ k v^T: a product and one multiply-add."""
    _, B, D = k.shape
    M = None
    for t, (row, a, keep) in enumerate(steps_of(k.unsqueeze(2), g_pos * k.unsqueeze(3),
                                                1.0 - g_neg * k.square().unsqueeze(3))):
        v_t = value(t, lambda: torch.bmm(row, M).squeeze(1) if t else torch.zeros(B, D))
        A = product(a, v_t.unsqueeze(1))
        gain = A if w_max == 1.0 else w_max * A
        M = gain if M is None else torch.addcmul(gain, M, keep - A)
    return M


def write_fused(k, value, g_pos, g_neg, w_max):
    return write_rank_one(k, value, g_pos, g_neg, w_max, torch.mul)


def write_bmm(k, value, g_pos, g_neg, w_max):
    return write_rank_one(k, value, g_pos, g_neg, w_max, torch.bmm)


def write_recurrence(k, value, g_pos, g_neg, w_max):
    """N = w - M obeys N <- N (1 - g- k^2 - g+ k v^T) + g- w k^2: two multiply-adds, no sum of gradients."""
    _, B, D = k.shape
    square = g_neg * k.square()
    N = torch.full((B, D, D), w_max)
    for t, (row, a, keep, gain) in enumerate(steps_of(k.unsqueeze(2), -g_pos * k.unsqueeze(3),
                                                      1.0 - square.unsqueeze(3), w_max * square.unsqueeze(3))):
        v_t = value(t, lambda: w_max * row.squeeze(1).sum(1, keepdim=True) - torch.bmm(row, N).squeeze(1))
        N = torch.addcmul(gain, N, torch.addcmul(keep, a, v_t.unsqueeze(1)))
    return w_max - N


@torch.jit.script
def jit_loop(k, v, g_pos: float, g_neg: float, w_max: float):
    M = torch.zeros(k.size(1), k.size(2), v.size(2))
    for t in range(k.size(0)):
        k_t = k[t].unsqueeze(2)
        A = g_pos * k_t * v[t].unsqueeze(1)
        M = M * (1.0 - g_neg * k_t * k_t - A) + w_max * A
    return M


class CustomLoop(torch.autograd.Function):
    """The recurrence in N = w - M with a hand-written backward pass: no graph, every buffer reused."""

    @staticmethod
    def forward(ctx, k, v, g_pos, g_neg, w_max):
        T, B, D = k.shape
        ctx.constants = (g_pos, g_neg, w_max)
        square = g_neg * k.square()
        keep, a, gain = (1.0 - square).unsqueeze(3), (-g_pos * k).unsqueeze(3), (w_max * square).unsqueeze(3)
        N = torch.empty(T + 1, B, D, D)
        N[0].fill_(w_max)
        for t in range(T):
            factor = torch.addcmul(keep[t], a[t], v[t].unsqueeze(1), out=N[t + 1])
            torch.addcmul(gain[t], N[t], factor, out=N[t + 1])
        ctx.save_for_backward(k, v, keep, a, N)
        return w_max - N[T]

    @staticmethod
    def backward(ctx, dM):
        k, v, keep, a, N = ctx.saved_tensors
        g_pos, g_neg, w_max = ctx.constants
        dk, dv, dN, buffer = torch.empty_like(k), torch.empty_like(v), -dM, torch.empty_like(dM)
        ones_and_v = torch.stack([torch.ones_like(v), v], 3)
        for t in reversed(range(len(k))):
            gain_gradient = dN.sum(2)
            dfactor = torch.mul(dN, N[t], out=buffer)
            torch.bmm(a[t].transpose(1, 2), dfactor, out=dv[t].unsqueeze(1))
            keep_gradient, a_gradient = torch.bmm(dfactor, ones_and_v[t]).unbind(2)
            dk[t] = 2.0 * g_neg * k[t] * (w_max * gain_gradient - keep_gradient) - g_pos * a_gradient
            if t:
                dN.mul_(torch.addcmul(keep[t], a[t], v[t].unsqueeze(1), out=buffer))
        return dk, dv, None, None, None


def write_jit(k, v, lengths, g_pos, g_neg, w_max):
    return jit_loop(k, v, g_pos, g_neg, w_max)


def write_custom(k, v, lengths, g_pos, g_neg, w_max):
    return CustomLoop.apply(k, v, g_pos, g_neg, w_max)


def write_blocked(k, v, lengths, g_pos, g_neg, w_max):
    """The custom loop on a few stories of similar length at a time, each block as long as its longest story."""
    order = lengths.argsort(descending=True)
    longest = lengths[order[::BLOCK]].tolist()
    blocks = zip(k[:, order].split(BLOCK, 1), v[:, order].split(BLOCK, 1), longest)
    memories = [CustomLoop.apply(k_block[:n], v_block[:n], g_pos, g_neg, w_max) for k_block, v_block, n in blocks]
    return torch.cat(memories)[order.argsort()]


STEP_LOOPS = {'naive': write_naive, 'fused': write_fused, 'bmm': write_bmm, 'recurrence': write_recurrence}
SEQUENCE_LOOPS = {'jit': write_jit, 'custom': write_custom, 'blocked': write_blocked}

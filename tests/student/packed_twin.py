"""Reads a packed buffer word by word, in plain NumPy, as described."""

from itertools import pairwise

import numpy as np


def margins(words, row):
    """Return the margins of one row, float64 of shape (C,)."""
    floats, doubles = words.view(np.float32), words.view(np.float64)
    C = int(words[1])
    out = linear(words, doubles, row, C) if words[21] else np.zeros(C)
    if words[22]:
        out = network(words, floats, doubles, row)
    if words[3] == 0:
        return out
    start = floats[words[10] :][:C].copy()
    if words[12]:
        low, high = floats[words[12] :][: 2 * C].reshape(2, C)
        start = np.clip(out.astype(np.float32), low, high)
    cells = expand(words, row)
    first = words[words[7] :][: C + 1].astype(int)
    if words[23]:
        assert words[23] == C + -C % 4
        for t in range(words[4]):
            at = words[leaf(words, floats, cells, t)]
            start += floats[at:][:C]
            assert not floats[at + C : at + words[23]].any()
        return start.astype(float)
    for c in range(C):
        for t in range(first[c], first[c + 1]):
            start[c] += floats[leaf(words, floats, cells, t)]
    return start.astype(float)


def pooled(words, row):
    """Return the probabilities of one row by a pool, float64 of shape (K,)."""
    K, M = int(words[1]), int(words[2])
    numbers = words.view(np.float64)[words[4] :]
    rest, power = numbers[3 * M + K :][:2]
    attention = numbers[3 * M + K + 2 :][: (2 + M) * 3].reshape(-1, 3) if words[5] else None
    weights = np.empty(M)
    linear, logits = np.zeros(K), numbers[3 * M : 3 * M + K].copy()
    for m in range(M):
        inverse, weight, exponent = numbers[3 * m : 3 * m + 3]
        start, stop = words[words[3] + m : words[3] + m + 2]
        s = np.maximum(probabilities(words[start:stop], row), 1e-15) ** inverse
        s /= s.sum()
        weights[m] = weight * (1.0 if attention is None else attended(s, attention, m))
        linear += weights[m] * s
        logits += exponent * np.log(np.maximum(s, 1e-15))
    product = np.exp(logits - logits.max())
    linear *= 1.0 if attention is None else (1 - rest) / weights.sum()
    q = (linear + rest * product / product.sum()) ** power
    return q / q.sum()


def attended(p, attention, m):
    """Return e to the score of a member by its probabilities."""
    *_, second, first = sorted(p)
    found = np.array([first, first - second, 1 - p @ p])
    return np.exp(((found - attention[0]) * attention[1]).clip(-5, 5) @ attention[2 + m])


def probabilities(words, row):
    """Return the probabilities of one row."""
    z = margins(words, row)
    if words[2] == 2:
        return z / z.sum()
    z = np.append(0.0, z) if words[2] == 0 else z
    odds = np.exp(z - z.max())
    return odds / odds.sum()


def leaf(words, floats, cells, t):
    """Return where the leaf of a tree stands."""
    if words[3] == 5:
        return walk(words, floats, cells, int(words[words[8] + t]))
    return perfect(words, floats, cells, int(words[3]), t)


def expand(words, row):
    columns = words[words[6] :][: words[5] + 1]
    offsets = words.view(np.float64)[columns[-1] :][: words[5]]
    cells = (row[columns[:-1]].astype(np.float64) - offsets).astype(np.float32)
    k = np.arange(len(cells))
    missing = np.where((k >= words[9]) & (k < words[11]), np.inf, -np.inf)
    present = np.where(k >= words[11], np.inf, cells)
    return np.where(np.isnan(cells), missing, present).astype(np.float32)


def perfect(words, floats, cells, depth, t):
    inner = 2**depth - 1
    at = int(words[8]) + t * (3 * inner + 1)
    k = 0
    for _ in range(depth):
        k = 2 * k + (1 if cells[words[at + k]] < floats[at + inner + k] else 2)
    return at + inner + k


def walk(words, floats, cells, root):
    at = root + 3
    while not np.isnan(floats[at + 1]):
        right = not cells[words[at] & 0xFFFF] < floats[at + 1]
        at = root + 3 * (int(words[at] >> 16) + right)
    return at + 2


def linear(words, doubles, row, C):
    out = doubles[words[21] :][:C].copy()
    with np.errstate(invalid="ignore", over="ignore"):
        for i in range(words[13]):
            median, low, high, scale, shift = doubles[words[15] + i * (5 + C) :][:5]
            x = row[words[words[14] + i]]
            x = np.clip(median if np.isnan(x) else x, low, high) / scale - shift
            out += x * doubles[words[15] + i * (5 + C) + 5 :][:C]
        for i in range(words[16]):
            if np.isnan(row[words[words[17] + i]]):
                out += doubles[words[18] + i * C :][:C]
        for column, levels, table in words[words[20] :][: 3 * words[19]].reshape(-1, 3):
            if 0 <= row[column] < levels:
                out += doubles[table + int(row[column]) * C :][:C]
    return out


def network(words, floats, doubles, row):
    """Return the margins of a network, every sum in the order that the kernels keep."""
    values = scaled(words, doubles, row).clip(-1e4, 1e4).astype(np.float32)
    third = values / np.float32(3)
    values = values / np.sqrt(np.float32(1) + third * third)
    at = int(words[22])
    sizes = words[at + 1 :][: words[at] + 1].astype(int)
    at += len(sizes) + 1
    for a, b in pairwise(sizes):
        weights, sums = floats[at:][: a * b].reshape(a, b), floats[at + a * b :][:b].copy()
        terms = values[:, np.newaxis] * weights
        for i in range(0, a - a % 4, 4):
            sums += (terms[i] + terms[i + 1]) + (terms[i + 2] + terms[i + 3])
        for i in range(a - a % 4, a):
            sums += terms[i]
        values, at = np.maximum(sums, 0), at + a * b + b
    return sums.astype(float)


def scaled(words, doubles, row):
    """Return the columns of a linear encoder of one row, by tables that hold no weights."""
    read = []
    with np.errstate(invalid="ignore", over="ignore"):
        for i in range(words[13]):
            median, low, high, scale, shift = doubles[words[15] + 5 * i :][:5]
            x = row[words[words[14] + i]]
            read.append((np.clip(median if np.isnan(x) else x, low, high) + 0.0) / scale - shift)
    read += [float(np.isnan(row[words[words[17] + i]])) for i in range(words[16])]
    for column, levels, _ in words[words[20] :][: 3 * words[19]].reshape(-1, 3):
        read += [float(k <= row[column] < k + 1) for k in range(levels)]
    return np.array(read)

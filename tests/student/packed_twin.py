"""Reads a packed buffer word by word, in plain NumPy, as its description says."""

import numpy as np


def margins(words, row):
    """Return the margins of one row, float64 of shape (C,)."""
    floats, doubles = words.view(np.float32), words.view(np.float64)
    C = int(words[1])
    out = linear(words, doubles, row, C) if words[21] else np.zeros(C)
    if words[3] == 0:
        return out
    start = floats[words[10] :][:C].copy()
    if words[12]:
        low, high = floats[words[12] :][: 2 * C].reshape(2, C)
        start = np.clip(out.astype(np.float32), low, high)
    cells = expand(words, row)
    first = words[words[7] :][: C + 1].astype(int)
    if words[3] == 6:
        for t in range(words[4]):
            leaf = words[walk(words, floats, cells, int(words[words[8] + t]))]
            start += floats[leaf:][:C]
        return start.astype(float)
    for c in range(C):
        for t in range(first[c], first[c + 1]):
            if words[3] == 5:
                start[c] += floats[walk(words, floats, cells, int(words[words[8] + t]))]
            else:
                start[c] += perfect(words, floats, cells, int(words[3]), t)
    return start.astype(float)


def expand(words, row):
    cells = row[words[words[6] :][: words[5]]].astype(np.float32)
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
    return floats[at + 2 * inner + k - inner]


def walk(words, floats, cells, root):
    at = root
    while words[at] & 0xFFFF != 0xFFFF:
        right = not cells[words[at] & 0xFFFF] < floats[at + 1]
        at = root + 2 * (int(words[at] >> 16) + right)
    return at + 1


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

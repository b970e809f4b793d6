"""The draws of core/rng in Python: Philox4x32-10 with its keys."""
import numpy as np

M = 0xFFFFFFFF


def philox(k, c):
    k, c = list(k), list(c)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & M, (p0 >> 32) ^ c[3] ^ k[1], p0 & M]
        k = [(k[0] + 0x9E3779B9) & M, (k[1] + 0xBB67AE85) & M]
    return c


def fold(k, data):
    data &= M
    return tuple(philox(k, [data, 0, 0, 1])[:2])


def word(k, i):
    return philox(k, [(i // 4) & M, i // 4 >> 32, 0, 0])[i % 4]


def uniform(k, lo, hi, n):
    lo, width = np.float32(lo), np.float32(hi) - np.float32(lo)
    u = np.array([word(k, i) >> 8 for i in range(n)], np.float32) * np.float32(2.0**-24)
    return np.minimum(lo + width * u, np.nextafter(np.float32(hi), lo))


def permutation(k, n):
    at = 0

    def intn(m):  # Lemire
        nonlocal at
        while True:
            p = word(k, at) * m
            at += 1
            if p & M >= m or p & M >= (-m & M) % m:
                return p >> 32

    out = [0] * n
    for i in range(n):
        j = intn(i + 1)
        out[i], out[j] = out[j], i
    return out

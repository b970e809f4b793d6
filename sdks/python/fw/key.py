"""Random draws: Philox4x32-10 (Salmon et al. 2011) by counter, and what is made of its
words, bit for bit as the host's. docs/abi.md has test vectors."""

import math

from .types import float32

_WORD = 0xFFFFFFFF
_LN_2 = 0.693147180559945309417


def philox(k0, k1, i):
    """The block i of four words of a key."""
    c0, c1, c2, c3 = i & _WORD, i >> 32 & _WORD, 0, 0
    for _ in range(10):
        p, q = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = q >> 32 ^ c1 ^ k0, q & _WORD, p >> 32 ^ c3 ^ k1, p & _WORD
        k0, k1 = k0 + 0x9E3779B9 & _WORD, k1 + 0xBB67AE85 & _WORD
    return c0, c1, c2, c3


class Key:
    """Draws the random numbers of one crop."""

    __slots__ = ("_k0", "_k1", "_next", "_block")

    def __init__(self, k0, k1):
        self._k0, self._k1, self._next, self._block = k0, k1, 0, ()

    def uint32(self):
        """The next random word."""
        at = self._next & 3
        if at == 0:
            self._block = philox(self._k0, self._k1, self._next >> 2)
        self._next += 1
        return self._block[at]

    def float64(self):
        """Uniform in [0,1) with 53 bits."""
        high = self.uint32()
        return ((high << 32 | self.uint32()) >> 11) * 2.0**-53

    def uniform(self, lo, hi):
        """Uniform in [lo,hi)."""
        return lo + (hi - lo) * self.float64()

    def log_uniform(self, lo, hi):
        """In [lo,hi) with a uniform logarithm, for lo and hi above 0."""
        return lo * exp(self.float64() * log(hi / lo))

    def intn(self, n):
        """Uniform in 0 to n-1, without bias (Lemire's method)."""
        if not 0 < n <= _WORD:
            raise ValueError("intn needs 0 < n < 2^32")
        p = self.uint32() * n
        if p & _WORD < n:
            least = ((1 << 32) - n) % n
            while p & _WORD < least:
                p = self.uint32() * n
        return p >> 32

    def bool(self, p):
        """True with probability p."""
        return self.float64() < p

    def normal(self):
        """Standard normal (Box and Muller), rounded to a float32."""
        u = (self.uint32() + 0.5) * 2.0**-32
        v = (self.uint32() + 0.5) * 2.0**-32
        return float32(math.sqrt(-2 * log(u)) * _cosine(2 * math.pi * v))

    def _gamma(self, a):
        """Gamma(a,1): a number, times e to the power of a second (Marsaglia and Tsang
        2000, with Stuart's boost for a < 1)."""
        boost = 0.0
        if a < 1:
            boost = log(1 - self.float64()) / a
            a += 1
        d = a - 1.0 / 3
        c = 1 / math.sqrt(9 * d)
        while True:
            x = self.normal()
            v = 1 + c * x
            if v <= 0:
                continue
            v = v * v * v
            u, s = 1 - self.float64(), x * x
            # What the first test accepts (their squeeze), the second accepts too.
            if u < 1 - 0.0331 * s * s or log(u) < 0.5 * s + d - d * v + d * log(v):
                return d * v, boost

    def _powers(self, a, b):
        """Beta(a,b), a and b at most 1: of powers x and y of two uniforms, whose sum is at
        most 1, x/(x+y) (Jöhnk 1964). It takes the logarithms of x and y."""
        while True:
            x = log(1 - self.float64()) / a
            y = log(1 - self.float64()) / b
            # Where both are below a half, their sum is below 1.
            if x < -_LN_2 and y < -_LN_2 or exp(x) + exp(y) <= 1:
                return 1 / (1 + exp(y - x))

    def beta(self, a, b):
        """Beta(a,b), a and b above 0."""
        if a <= 1 and b <= 1:
            return self._powers(a, b)
        x, boost_x = self._gamma(a)
        y, boost_y = self._gamma(b)
        return 1 / (1 + y / x * exp(boost_y - boost_x))


# The C library's functions differ in the last bit from machine to machine; these do not.


def _polynomial(x, *coefficients):
    """Horner's rule, the highest power's coefficient first."""
    y = 0.0
    for c in coefficients:
        y = y * x + c
    return y


def log(x):
    """The natural logarithm of an x above 0 (FreeBSD's e_log.c)."""
    f1, k = math.frexp(x)
    if f1 < math.sqrt(2) / 2:
        f1 *= 2
        k -= 1
    f = f1 - 1
    s = f / (2 + f)
    s2 = s * s
    s4 = s2 * s2
    odd = s2 * _polynomial(s4, 1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01)
    even = s4 * _polynomial(s4, 1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01)
    half = 0.5 * f * f
    return k * 6.93147180369123816490e-01 - ((half - (s * (half + (odd + even)) + k * 1.90821492927058770002e-10)) - f)


def exp(x):
    """e to the power of a finite x (FreeBSD's e_exp.c)."""
    if x > 7.09782712893383973096e02:
        return math.inf
    if x < -7.45133219101941108420e02:
        return 0.0
    k = int(1.44269504088896338700 * x + math.copysign(0.5, x))
    hi, lo = x - k * 6.93147180369123816490e-01, k * 1.90821492927058770002e-10
    r = hi - lo
    t = r * r
    c = r - t * _polynomial(t, 4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05, -2.77777777770155933842e-03, 1.66666666666666657415e-01)
    return math.ldexp(1 - ((lo - (r * c) / (2 - c)) - hi), k)


def _cosine(x):
    """The cosine of x in (0,8) (Cephes' sin.c)."""
    octant = int(x * (4 / math.pi))
    octant += octant & 1
    z = ((x - octant * 7.85398125648498535156e-1) - octant * 3.77489470793079817668e-8) - octant * 2.69515142907905952645e-15
    zz = z * z
    if octant & 2:
        y = z + (z * zz) * _polynomial(zz, 1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6, -1.98412698295895385996e-4, 8.33333333332211858878e-3, -1.66666666666666307295e-1)
    else:
        y = 1 - 0.5 * zz + (zz * zz) * _polynomial(zz, -1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7, 2.48015872888517045348e-5, -1.38888888888730564116e-3, 4.16666666666665929218e-2)
    return -y if octant & 7 in (2, 4) else y

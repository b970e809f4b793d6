//! Random draws: Philox4x32-10 (Salmon et al. 2011) by counter, and what is made of its
//! words, bit for bit as the host's. docs/abi.md has test vectors.

use std::f64::consts::{LN_2, PI, SQRT_2};

/// Draws the random numbers of one crop.
pub struct Key {
    key: [u32; 2],
    next: u64,
    buffer: [u32; 4],
    // The last bounds of log_uniform, which are the same crop after crop, and log(hi / lo).
    lo: f64,
    hi: f64,
    span: f64,
}

fn philox(mut k: [u32; 2], mut c: [u32; 4]) -> [u32; 4] {
    for _ in 0..10 {
        let p = 0xD2511F53u64 * c[0] as u64;
        let q = 0xCD9E8D57u64 * c[2] as u64;
        c = [(q >> 32) as u32 ^ c[1] ^ k[0], q as u32, (p >> 32) as u32 ^ c[3] ^ k[1], p as u32];
        k = [k[0].wrapping_add(0x9E3779B9), k[1].wrapping_add(0xBB67AE85)];
    }
    c
}

impl Key {
    pub fn new(key: [u32; 2]) -> Key {
        Key { key, next: 0, buffer: [0; 4], lo: 0.0, hi: 0.0, span: 0.0 }
    }

    /// Begins anew with another key.
    pub fn restart(&mut self, key: [u32; 2]) {
        (self.key, self.next) = (key, 0);
    }

    /// The next random word.
    pub fn uint32(&mut self) -> u32 {
        if self.next % 4 == 0 {
            let i = self.next / 4;
            self.buffer = philox(self.key, [i as u32, (i >> 32) as u32, 0, 0]);
        }
        self.next += 1;
        self.buffer[(self.next - 1) as usize % 4]
    }

    /// Uniform in [0,1) with 53 bits.
    pub fn float64(&mut self) -> f64 {
        let (high, low) = (self.uint32() as u64, self.uint32() as u64);
        ((high << 32 | low) >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform in [lo,hi).
    pub fn uniform(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.float64()
    }

    /// In [lo,hi) with a uniform logarithm, for lo and hi above 0.
    pub fn log_uniform(&mut self, lo: f64, hi: f64) -> f64 {
        if lo != self.lo || hi != self.hi {
            (self.lo, self.hi, self.span) = (lo, hi, log(hi / lo));
        }
        lo * exp(self.float64() * self.span)
    }

    /// Uniform in 0 to n-1, without bias, for n above 0 (Lemire's method).
    #[track_caller]
    pub fn intn(&mut self, n: i64) -> i64 {
        assert!(n > 0 && n <= u32::MAX as i64, "intn needs 0 < n < 2^32");
        let m = n as u64;
        let mut p = self.uint32() as u64 * m;
        if ((p as u32) as u64) < m {
            let least = (m as u32).wrapping_neg() % m as u32;
            while (p as u32) < least {
                p = self.uint32() as u64 * m;
            }
        }
        (p >> 32) as i64
    }

    /// True with probability p.
    pub fn bool(&mut self, p: f64) -> bool {
        self.float64() < p
    }

    /// Standard normal (Box and Muller), rounded to a float.
    pub fn normal(&mut self) -> f64 {
        let scale = 1.0 / (1u64 << 32) as f64;
        let u = (self.uint32() as f64 + 0.5) * scale;
        let v = (self.uint32() as f64 + 0.5) * scale;
        (f64::sqrt(-2.0 * log(u)) * cosine(2.0 * PI * v)) as f32 as f64
    }

    /// Gamma(a,1): a number times e to the power of the second (Marsaglia and Tsang 2000,
    /// with Stuart's boost for a < 1).
    fn gamma(&mut self, mut a: f64) -> (f64, f64) {
        let mut boost = 0.0;
        if a < 1.0 {
            boost = log(1.0 - self.float64()) / a;
            a += 1.0;
        }
        let d = a - 1.0 / 3.0;
        let c = 1.0 / f64::sqrt(9.0 * d);
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let (u, xx) = (1.0 - self.float64(), x * x);
            // What the first test accepts (their squeeze), the second accepts too.
            if u < 1.0 - 0.0331 * xx * xx || log(u) < 0.5 * xx + d - d * v + d * log(v) {
                return (d * v, boost);
            }
        }
    }

    /// Beta(a,b), a and b at most 1: of powers x and y of two uniforms, whose sum is at most
    /// 1, x/(x+y) (Jöhnk 1964). It takes the logarithms of x and y.
    fn powers(&mut self, a: f64, b: f64) -> f64 {
        loop {
            let x = log(1.0 - self.float64()) / a;
            let y = log(1.0 - self.float64()) / b;
            // Where both are below a half, their sum is below 1.
            if x < -LN_2 && y < -LN_2 || exp(x) + exp(y) <= 1.0 {
                return 1.0 / (1.0 + exp(y - x));
            }
        }
    }

    /// Beta(a,b), a and b above 0.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        if a <= 1.0 && b <= 1.0 {
            return self.powers(a, b);
        }
        let ((x, boost_x), (y, boost_y)) = (self.gamma(a), self.gamma(b));
        1.0 / (1.0 + y / x * exp(boost_y - boost_x))
    }
}

/// 2 to the power of k, from -1022 to 1023.
fn power2(k: i64) -> f64 {
    f64::from_bits(((k + 1023) as u64) << 52)
}

/// Horner's rule, the highest power's coefficient first.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    coefficients.iter().fold(0.0, |y, c| y * x + c)
}

/// The natural logarithm of an x above 0 (FreeBSD's e_log.c).
pub fn log(x: f64) -> f64 {
    let (mut x, mut k) = (x, 0i64);
    if x.to_bits() >> 52 == 0 {
        (x, k) = (x * power2(52), -52); // a denormal
    }
    k += (x.to_bits() >> 52 & 0x7ff) as i64 - 1022;
    let mut f1 = f64::from_bits(x.to_bits() & !(0x7ff << 52) | 1022 << 52); // in [1/2,1)
    if f1 < SQRT_2 / 2.0 {
        f1 *= 2.0;
        k -= 1;
    }
    let f = f1 - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let odd = s2 * polynomial(s4, [1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01]);
    let even = s4 * polynomial(s4, [1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01]);
    let half = 0.5 * f * f;
    let k = k as f64;
    k * 6.93147180369123816490e-01 - ((half - (s * (half + (odd + even)) + k * 1.90821492927058770002e-10)) - f)
}

/// e to the power of a finite x (FreeBSD's e_exp.c).
pub fn exp(x: f64) -> f64 {
    if x > 7.09782712893383973096e+02 {
        return f64::INFINITY;
    }
    if x < -7.45133219101941108420e+02 {
        return 0.0;
    }
    let k = (1.44269504088896338700e+00 * x + f64::copysign(0.5, x)) as i64;
    let (hi, lo) = (x - k as f64 * 6.93147180369123816490e-01, k as f64 * 1.90821492927058770002e-10);
    let r = hi - lo;
    let t = r * r;
    let c = r - t * polynomial(t, [4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05, -2.77777777770155933842e-03, 1.66666666666666657415e-01]);
    let y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi);
    y * power2(k / 2) * power2(k - k / 2)
}

/// The cosine of x in (0,8) (Cephes' sin.c).
fn cosine(x: f64) -> f64 {
    let mut octant = (x * (4.0 / PI)) as u64;
    octant += octant & 1;
    let y = octant as f64;
    let z = ((x - y * 7.85398125648498535156e-1) - y * 3.77489470793079817668e-8) - y * 2.69515142907905952645e-15;
    let zz = z * z;
    let sine = || {
        z + (z * zz)
            * polynomial(
                zz,
                [
                    1.58962301576546568060e-10,
                    -2.50507477628578072866e-8,
                    2.75573136213857245213e-6,
                    -1.98412698295895385996e-4,
                    8.33333333332211858878e-3,
                    -1.66666666666666307295e-1,
                ],
            )
    };
    let cosine = || {
        1.0 - 0.5 * zz
            + (zz * zz)
                * polynomial(
                    zz,
                    [
                        -1.13585365213876817300e-11,
                        2.08757008419747316778e-9,
                        -2.75573141792967388112e-7,
                        2.48015872888517045348e-5,
                        -1.38888888888730564116e-3,
                        4.16666666666665929218e-2,
                    ],
                )
    };
    match octant & 7 {
        2 => -sine(),
        4 => -cosine(),
        6 => sine(),
        _ => cosine(),
    }
}

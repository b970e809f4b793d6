// Random draws: Philox4x32-10 (Salmon et al. 2011) by counter, and what is made of its
// words, bit for bit as the host's. docs/abi.md has test vectors. What is called often is inlined:
// each call costs fuel.

// Draws the random numbers of one crop.
@final
export class Key {
  private next: u64 = 0;
  private w0: u32 = 0;
  private w1: u32 = 0;
  private w2: u32 = 0;
  private w3: u32 = 0;
  private boost: f64 = 0;
  // The last bounds of logUniform, which are the same crop after crop, and log(hi / lo).
  private lo: f64 = 0;
  private hi: f64 = 0;
  private span: f64 = 0;

  constructor(private k0: u32 = 0, private k1: u32 = 0) {}

  // start begins anew with another key.
  start(k0: u32, k1: u32): void {
    this.k0 = k0;
    this.k1 = k1;
    this.next = 0;
  }

  private block(): void {
    let c0 = <u32>(this.next >> 2), c1 = <u32>(this.next >> 34), c2: u32 = 0, c3: u32 = 0;
    let k0 = this.k0, k1 = this.k1, p: u64 = 0, q: u64 = 0;
    // Ten rounds in line: each turn of a loop costs fuel.
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    p = <u64>0xD2511F53 * <u64>c0, q = <u64>0xCD9E8D57 * <u64>c2;
    c0 = <u32>(q >> 32) ^ c1 ^ k0, c1 = <u32>q, c2 = <u32>(p >> 32) ^ c3 ^ k1, c3 = <u32>p, k0 += 0x9E3779B9, k1 += 0xBB67AE85;
    this.w0 = c0;
    this.w1 = c1;
    this.w2 = c2;
    this.w3 = c3;
  }

  // The next random word.
  @inline
  uint32(): u32 {
    const i = <u32>this.next & 3;
    if (i == 0) this.block();
    this.next++;
    return i == 0 ? this.w0 : i == 1 ? this.w1 : i == 2 ? this.w2 : this.w3;
  }

  // Uniform in [0,1) with 53 bits.
  @inline
  float64(): f64 {
    const i = <u32>this.next & 3;
    let high: u64 = 0, low: u64 = 0;
    if (i & 1) {
      high = this.uint32();
      low = this.uint32();
    } else { // both words are of one block
      if (i == 0) this.block();
      this.next += 2;
      high = i == 0 ? this.w0 : this.w2;
      low = i == 0 ? this.w1 : this.w3;
    }
    return <f64>(((high << 32) | low) >> 11) * (1.0 / <f64>((<u64>1) << 53));
  }

  // Uniform in [lo,hi).
  @inline
  uniform(lo: f64, hi: f64): f64 {
    return lo + (hi - lo) * this.float64();
  }

  // In [lo,hi) with a uniform logarithm, for lo and hi above 0.
  logUniform(lo: f64, hi: f64): f64 {
    if (lo != this.lo || hi != this.hi) {
      this.lo = lo;
      this.hi = hi;
      this.span = log(hi / lo);
    }
    return lo * exp(this.float64() * this.span);
  }

  // Uniform in 0 to n-1, without bias, for n above 0 (Lemire's method).
  intn(n: i32): i32 {
    assert(n > 0, "intn needs a number above 0");
    const m = <u32>n;
    let p = <u64>this.uint32() * <u64>m;
    if (<u32>p < m) {
      const least: u32 = (0 - m) % m;
      while (<u32>p < least) p = <u64>this.uint32() * <u64>m;
    }
    return <i32>(p >> 32);
  }

  // True with probability p.
  bool(p: f64): bool {
    return this.float64() < p;
  }

  // Standard normal (Box and Muller), rounded to a float.
  @inline
  normal(): f64 {
    const scale = 1.0 / <f64>((<u64>1) << 32);
    const u = (<f64>this.uint32() + 0.5) * scale;
    const v = (<f64>this.uint32() + 0.5) * scale;
    return <f64>(<f32>(sqrt<f64>(-2.0 * log(u)) * cosine(2.0 * 3.14159265358979323846 * v)));
  }

  // Gamma(a,1): a number times e to the power of this.boost (Marsaglia and Tsang 2000,
  // with Stuart's boost for a < 1).
  private gamma(a: f64): f64 {
    this.boost = 0;
    if (a < 1) {
      this.boost = log(1.0 - this.float64()) / a;
      a += 1.0;
    }
    const d = a - 1.0 / 3.0, c = 1.0 / sqrt<f64>(9.0 * d);
    while (true) {
      const x = this.normal();
      let v = 1.0 + c * x;
      if (v <= 0) continue;
      v = v * v * v;
      const u = 1.0 - this.float64(), xx = x * x;
      // What the first test accepts (their squeeze), the second accepts too.
      if (u < 1.0 - 0.0331 * xx * xx || log(u) < 0.5 * xx + d - d * v + d * log(v)) return d * v;
    }
  }

  // Beta(a,b), a and b at most 1: of powers x and y of two uniforms, whose sum is at most
  // 1, x/(x+y) (Jöhnk 1964). It takes the logarithms of x and y.
  @inline
  private powers(a: f64, b: f64): f64 {
    const half = -0.693147180559945309417; // its logarithm
    while (true) {
      const x = log(1.0 - this.float64()) / a, y = log(1.0 - this.float64()) / b;
      // Where both are below a half, their sum is below 1.
      if ((x < half && y < half) || exp(x) + exp(y) <= 1.0) return 1.0 / (1.0 + exp(y - x));
    }
  }

  // Beta(a,b), a and b above 0.
  beta(a: f64, b: f64): f64 {
    if (a <= 1.0 && b <= 1.0) return this.powers(a, b);
    const x = this.gamma(a), boost = this.boost;
    const y = this.gamma(b);
    return 1.0 / (1.0 + (y / x) * exp(this.boost - boost));
  }
}

// 2 to the power of k, from -1022 to 1023.
// @ts-ignore: decorator
@inline
function power2(k: i32): f64 {
  return reinterpret<f64>((<u64>(k + 1023)) << 52);
}

// The natural logarithm of an x above 0 (FreeBSD's e_log.c).
// @ts-ignore: decorator
@inline
export function log(x: f64): f64 {
  let bits = reinterpret<u64>(x), exponent = 0;
  if (bits >> 52 == 0) {
    bits = reinterpret<u64>(x * power2(52)); // a denormal
    exponent = -52;
  }
  exponent += <i32>((bits >> 52) & 0x7ff) - 1022;
  let f1 = reinterpret<f64>((bits & 0x800fffffffffffff) | ((<u64>1022) << 52)); // in [1/2,1)
  if (f1 < 1.4142135623730950488 / 2.0) {
    f1 *= 2.0;
    exponent--;
  }
  const f = f1 - 1.0, s = f / (2.0 + f), s2 = s * s, s4 = s2 * s2;
  const odd = s2 * (6.666666666666735130e-01 + s4 * (2.857142874366239149e-01 + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
  const even = s4 * (3.999999999940941908e-01 + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
  const half = 0.5 * f * f, k = <f64>exponent;
  return k * 6.93147180369123816490e-01 - ((half - (s * (half + (odd + even)) + k * 1.90821492927058770002e-10)) - f);
}

// e to the power of a finite x (FreeBSD's e_exp.c).
export function exp(x: f64): f64 {
  if (x > 7.09782712893383973096e+02) return Infinity;
  if (x < -7.45133219101941108420e+02) return 0;
  const k = <i32>(1.44269504088896338700e+00 * x + copysign<f64>(0.5, x));
  const hi = x - <f64>k * 6.93147180369123816490e-01, lo = <f64>k * 1.90821492927058770002e-10;
  const r = hi - lo, t = r * r;
  const p = 1.66666666666666657415e-01 + t * (-2.77777777770155933842e-03 + t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)));
  const c = r - t * p;
  const y = 1.0 - ((lo - (r * c) / (2.0 - c)) - hi);
  return y * power2(k / 2) * power2(k - k / 2);
}

// The cosine of x in (0,8) (Cephes' sin.c).
// @ts-ignore: decorator
@inline
function cosine(x: f64): f64 {
  let octant = <u32>(x * (4.0 / 3.14159265358979323846));
  octant += octant & 1;
  const y = <f64>octant;
  const z = ((x - y * 7.85398125648498535156e-1) - y * 3.77489470793079817668e-8) - y * 2.69515142907905952645e-15;
  const zz = z * z;
  if (octant & 2) {
    const p = ((((1.58962301576546568060e-10 * zz + -2.50507477628578072866e-8) * zz + 2.75573136213857245213e-6) * zz + -1.98412698295895385996e-4) * zz + 8.33333333332211858878e-3) * zz + -1.66666666666666307295e-1;
    const sine = z + (z * zz) * p;
    return octant & 4 ? sine : -sine;
  }
  const p = ((((-1.13585365213876817300e-11 * zz + 2.08757008419747316778e-9) * zz + -2.75573141792967388112e-7) * zz + 2.48015872888517045348e-5) * zz + -1.38888888888730564116e-3) * zz + 4.16666666666665929218e-2;
  const c = 1.0 - 0.5 * zz + (zz * zz) * p;
  return octant & 4 ? -c : c;
}

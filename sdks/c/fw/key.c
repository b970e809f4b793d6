// Random draws: Philox4x32-10 (Salmon et al. 2011) by counter, and what is made of
// its words, bit for bit as core/rng of the host. docs/abi.md has test vectors.
#include "inside.h"

// What is called within is inlined: each call costs fuel, which is a write to memory.
#define FLAT __attribute__((flatten))

__attribute__((noinline)) static void next_block(fw_key *s) {
	uint32_t c0 = (uint32_t)(s->next / 4), c1 = (uint32_t)(s->next / 4 >> 32), c2 = 0, c3 = 0;
	uint32_t k0 = s->key[0], k1 = s->key[1];
#pragma clang loop unroll(full)
	for (int i = 0; i < 10; i++) {
		uint64_t p = (uint64_t)0xD2511F53 * c0, q = (uint64_t)0xCD9E8D57 * c2;
		c0 = (uint32_t)(q >> 32) ^ c1 ^ k0;
		c1 = (uint32_t)q;
		c2 = (uint32_t)(p >> 32) ^ c3 ^ k1;
		c3 = (uint32_t)p;
		k0 += 0x9E3779B9;
		k1 += 0xBB67AE85;
	}
	s->buffer[0] = c0, s->buffer[1] = c1, s->buffer[2] = c2, s->buffer[3] = c3;
}

uint32_t fw_uint32(fw_key *k) {
	if (k->next % 4 == 0) next_block(k);
	return k->buffer[k->next++ % 4];
}

double fw_float64(fw_key *k) {
	uint64_t high, low;
	if (k->next % 2 == 0) { // both words are of one block
		if (k->next % 4 == 0) next_block(k);
		const uint32_t *w = k->buffer + k->next % 4;
		high = w[0], low = w[1], k->next += 2;
	} else {
		high = fw_uint32(k), low = fw_uint32(k);
	}
	return (double)((high << 32 | low) >> 11) * (1.0 / ((uint64_t)1 << 53));
}

double fw_uniform(fw_key *k, double lo, double hi) { return lo + (hi - lo) * fw_float64(k); }

FLAT double fw_log_uniform(fw_key *k, double lo, double hi) {
	if (lo != k->lo || hi != k->hi) k->lo = lo, k->hi = hi, k->span = fw_log(hi / lo);
	return lo * fw_exp(fw_float64(k) * k->span);
}

int fw_intn(fw_key *k, int n) { // Lemire's method
	if (n <= 0) fw_panic("fw_intn needs a number above 0");
	uint32_t m = (uint32_t)n;
	uint64_t p = (uint64_t)fw_uint32(k) * m;
	if ((uint32_t)p < m)
		for (uint32_t least = -m % m; (uint32_t)p < least;) p = (uint64_t)fw_uint32(k) * m;
	return (int)(p >> 32);
}

bool fw_chance(fw_key *k, double p) { return fw_float64(k) < p; }

static double power2(int k) { // from -1022 to 1023
	union { uint64_t bits; double x; } u = {.bits = (uint64_t)(k + 1023) << 52};
	return u.x;
}

// fw_log is FreeBSD's e_log.c.
double fw_log(double x) {
	union { double x; uint64_t bits; } u = {x};
	int k = 0;
	if (u.bits >> 52 == 0) u.x = x * power2(52), k = -52; // a denormal
	k += (int)(u.bits >> 52 & 0x7ff) - 1022;
	u.bits = (u.bits & ~((uint64_t)0x7ff << 52)) | (uint64_t)1022 << 52; // in [1/2,1)
	double f1 = u.x;
	if (f1 < 1.41421356237309504880168872420969807856967187537694 / 2) f1 *= 2, k--;
	double f = f1 - 1, s = f / (2 + f), s2 = s * s, s4 = s2 * s2;
	double odd = s2 * (6.666666666666735130e-01 + s4 * (2.857142874366239149e-01 + s4 * (1.818357216161805012e-01 + s4 * 1.479819860511658591e-01)));
	double even = s4 * (3.999999999940941908e-01 + s4 * (2.222219843214978396e-01 + s4 * 1.531383769920937332e-01));
	double half = 0.5 * f * f;
	return k * 6.93147180369123816490e-01 - ((half - (s * (half + (odd + even)) + k * 1.90821492927058770002e-10)) - f);
}

// fw_exp is FreeBSD's e_exp.c.
double fw_exp(double x) {
	if (x > 7.09782712893383973096e+02) return __builtin_inf();
	if (x < -7.45133219101941108420e+02) return 0;
	int k = (int)(1.44269504088896338700e+00 * x + __builtin_copysign(0.5, x));
	double hi = x - k * 6.93147180369123816490e-01, lo = k * 1.90821492927058770002e-10;
	double r = hi - lo, t = r * r;
	double p = 1.66666666666666657415e-01 + t * (-2.77777777770155933842e-03 + t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)));
	double c = r - t * p;
	double y = 1 - ((lo - (r * c) / (2 - c)) - hi);
	return y * power2(k / 2) * power2(k - k / 2);
}

// cosine and sine of x in (0,8), after Cephes' sin.c; only the cosine is asked for.
static double cosine(double x) {
	uint64_t octant = (uint64_t)(x * (4 / 3.14159265358979323846264338327950288));
	octant += octant & 1;
	double y = (double)octant;
	double z = ((x - y * 7.85398125648498535156e-1) - y * 3.77489470793079817668e-8) - y * 2.69515142907905952645e-15;
	double zz = z * z;
	if (octant & 2) {
		double p = ((((1.58962301576546568060e-10 * zz + -2.50507477628578072866e-8) * zz + 2.75573136213857245213e-6) * zz + -1.98412698295895385996e-4) * zz + 8.33333333332211858878e-3) * zz + -1.66666666666666307295e-1;
		double sine = z + (z * zz) * p;
		return octant & 4 ? sine : -sine;
	}
	double p = ((((-1.13585365213876817300e-11 * zz + 2.08757008419747316778e-9) * zz + -2.75573141792967388112e-7) * zz + 2.48015872888517045348e-5) * zz + -1.38888888888730564116e-3) * zz + 4.16666666666665929218e-2;
	double c = 1 - 0.5 * zz + (zz * zz) * p;
	return octant & 4 ? -c : c;
}

double fw_normal(fw_key *k) { // Box and Muller, rounded to a float
	double u = ((double)fw_uint32(k) + 0.5) * (1.0 / ((uint64_t)1 << 32));
	double v = ((double)fw_uint32(k) + 0.5) * (1.0 / ((uint64_t)1 << 32));
	double r = fw_sqrt(-2 * fw_log(u));
	return (double)(float)(r * cosine(2 * 3.14159265358979323846264338327950288 * v));
}

// gamma draws from Gamma(a,1): a number times e to the power of boost (Marsaglia and
// Tsang 2000, with Stuart's boost for a < 1).
FLAT static double gamma(fw_key *k, double a, double *boost) {
	*boost = 0;
	if (a < 1) {
		*boost = fw_log(1 - fw_float64(k)) / a;
		a++;
	}
	double d = a - 1.0 / 3, c = 1 / fw_sqrt(9 * d);
	for (;;) {
		double x = fw_normal(k), v = 1 + c * x;
		if (v <= 0) continue;
		v = v * v * v;
		double u = 1 - fw_float64(k), xx = x * x;
		// What the first test accepts (their squeeze), the second accepts too.
		if (u < 1 - 0.0331 * xx * xx || fw_log(u) < 0.5 * xx + d - d * v + d * fw_log(v)) return d * v;
	}
}

// powers draws from Beta(a,b), a and b at most 1: of powers x and y of two uniforms, whose
// sum is at most 1, x/(x+y) (Jöhnk 1964). It takes the logarithms of x and y.
FLAT static double powers(fw_key *k, double a, double b) {
	const double half = -0.693147180559945309417; // its logarithm
	for (;;) {
		double x = fw_log(1 - fw_float64(k)) / a, y = fw_log(1 - fw_float64(k)) / b;
		// Where both are below a half, their sum is below 1.
		if ((x < half && y < half) || fw_exp(x) + fw_exp(y) <= 1) return 1 / (1 + fw_exp(y - x));
	}
}

double fw_beta(fw_key *k, double a, double b) {
	if (a <= 1 && b <= 1) return powers(k, a, b);
	double boost_x, boost_y, x = gamma(k, a, &boost_x), y = gamma(k, b, &boost_y);
	return 1 / (1 + y / x * fw_exp(boost_y - boost_x));
}

/* Functions of one and of two values that the dialect has to bring itself, each to
 * a few units in the last place over the whole range of floats, subnormal ones too.
 * NaN, infinities and the sign of zero come out as from package accel/plain, and
 * NaN never vanishes: fmin and fmax would drop it, so limits are comparisons here. */

#define LN2_HIGH 0.693359375f /* times any exponent: exact */
#define LN2_LOW -2.12194440e-4f
#define LOG2_E 1.44269504f
#define SMALLEST_NORMAL 1.17549435e-38f
#define ROUNDER 12582912.0f /* 1.5*2^23: added and taken off again, it rounds */

static float magnitude(float x) { return as_float(as_int(x) & 0x7fffffff); }

/* signed_as gives a number that has no sign yet the sign of another one. */
static float signed_as(float x, float sign) { return as_float(as_int(x) | (as_int(sign) & ~0x7fffffff)); }

/* power_of_two is 2^n for -126 <= n <= 127. */
static float power_of_two(int n) { return as_float((n + 127) << 23); }

/* scaled is x*2^n, rounded once, for -252 <= n <= 254. */
static float scaled(float x, int n) {
  int first = n / 2;
  return x * power_of_two(first) * power_of_two(n - first);
}

/* expm1_near is e^r - 1 for |r| <= ln(2)/2: the Taylor series as far as it counts. */
static float expm1_near(float r) {
  float p = fma(r, 1.0f / 5040, 1.0f / 720);
  p = fma(r, p, 1.0f / 120);
  p = fma(r, p, 1.0f / 24);
  p = fma(r, p, 1.0f / 6);
  p = fma(r, p, 0.5f);
  return fma(r * r, p, r);
}

/* exp_sum is e^(hi + lo), lo being what is left of a sum or product when hi has been
 * rounded. e^x = 2^n * e^r, where n*ln(2) is nearest to x. */
static float exp_sum(float hi, float lo) {
  if (hi != hi) {
    return hi;
  }
  if (hi > 89) {
    return INFINITY;
  }
  if (hi < -105) {
    return 0;
  }
  float n = fma(hi, LOG2_E, ROUNDER) - ROUNDER;
  float r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, hi)) + lo;
  return scaled(1 + expm1_near(r), (int)n);
}

static float exp_of(float x) { return exp_sum(x, 0); }

/* expm1_of is e^x - 1 for x <= 0. */
static float expm1_of(float x) {
  if (x < -18) {
    return -1;
  }
  float n = fma(x, LOG2_E, ROUNDER) - ROUNDER;
  float r = fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x));
  float p = n == n ? power_of_two((int)n) : 1;
  return fma(p, expm1_near(r), p - 1);
}

/* log1p_near is log(1 + f) for 1 + f between sqrt(1/2) and sqrt(2): 2*atanh(s), of
 * which the first term is f - s*f. */
static float log1p_near(float f) {
  float s = f / (2 + f), z = s * s;
  float p = fma(z, 2.0f / 9, 2.0f / 7);
  p = fma(z, p, 2.0f / 5);
  p = fma(z, p, 2.0f / 3);
  return f - s * (f - z * p);
}

/* exponent_of is the e that brings x/2^e between sqrt(1/2) and sqrt(2), for x > 0
 * that is not subnormal. */
static int exponent_of(float x) { return (as_int(x) - 0x3f3504f3) >> 23; }

static float log_of(float x) {
  if (!(x > 0)) {
    return x == 0 ? -INFINITY : NAN;
  }
  if (x == INFINITY) {
    return x;
  }
  int subnormal = x < SMALLEST_NORMAL;
  x = subnormal ? x * 16777216.0f : x;
  int whole = exponent_of(x);
  float l = log1p_near(as_float(as_int(x) - (whole << 23)) - 1);
  float e = (float)(subnormal ? whole - 24 : whole);
  return fma(e, LN2_HIGH, fma(e, LN2_LOW, l));
}

/* log1p_of is log(1 + x) for x between 0 and 1. */
static float log1p_of(float x) {
  return x > 0.41421356f ? 0.693147181f + log1p_near(0.5f * (x - 1)) : log1p_near(x);
}

static float softplus_of(float x) { return (x < 0 ? 0 : x) + log1p_of(exp_of(-magnitude(x))); }

/* sigmoid_of takes the exponential of a negative number, which does not overflow and
 * leaves small results their digits. */
static float sigmoid_of(float x) {
  float e = exp_of(-magnitude(x));
  return (x < 0 ? e : 1) / (1 + e);
}

static float tanh_of(float x) {
  float e = expm1_of(-2 * magnitude(x));
  return signed_as(magnitude(e / (2 + e)), x);
}

/* erf_near is erf(x)/x - 1 for |x| < 0.922, a polynomial in x^2 interpolated at
 * Chebyshev's points. */
static float erf_near(float x) {
  float z = x * x;
  float p = fma(z, 8.387074557e-5f, -8.147081117e-4f);
  p = fma(z, p, 5.201456326e-3f);
  p = fma(z, p, -2.685958812e-2f);
  p = fma(z, p, 0.1128369935f);
  p = fma(z, p, -0.3761263402f);
  return fma(z, p, 0.1283791671f);
}

/* erfc_far is 1 - erf(t) for t >= 0.92: e^(-t^2) times a polynomial in w, which falls
 * as 1/t does, interpolated likewise. */
static float erfc_far(float t) {
  if (t > 10.1f) {
    return 0;
  }
  float w = 1 / fma(0.5f, t, 1), square = t * t;
  float p = fma(w, -0.08121883592f, 0.2619856905f);
  p = fma(w, p, -0.2616999137f);
  p = fma(w, p, 0.03507254902f);
  p = fma(w, p, -0.0291726551f);
  p = fma(w, p, 0.08784903963f);
  p = fma(w, p, 0.1759117932f);
  p = fma(w, p, 0.2468529689f);
  p = fma(w, p, 0.2820943891f);
  p = fma(w, p, 0.2820947932f);
  return w * p * exp_sum(-square, -fma(t, t, -square));
}

static float erf_of(float x) {
  float t = magnitude(x);
  if (t >= 0.922f) {
    return signed_as(1 - erfc_far(t), x);
  }
  return fma(x, erf_near(x), x);
}

/* gelu_of is x*(1 + erf(x/sqrt(2)))/2, which far below zero is made of erfc. */
static float gelu_of(float x) {
  float v = x * 0.707106781f, t = magnitude(v);
  if (t >= 0.922f) {
    float rest = 0.5f * erfc_far(t);
    return x * (x < 0 ? rest : 1 - rest);
  }
  return 0.5f * fma(x, fma(v, erf_near(v), v), x);
}

/* gelu_tanh_of uses that (1 + tanh(u))/2 is the sigmoid of 2u. */
static float gelu_tanh_of(float x) {
  return x * sigmoid_of(1.595769122f * fma(0.044715f * x, x * x, x));
}

static float clip_of(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

/* From 2^23 on floats are whole numbers. */
#define WHOLE_FROM 8388608.0f

static float trunc_of(float x) { return magnitude(x) < WHOLE_FROM ? signed_as(magnitude((float)(int)x), x) : x; }

static float floor_of(float x) {
  float t = trunc_of(x);
  return t > x ? t - 1 : t;
}

static float ceil_of(float x) {
  float t = trunc_of(x);
  return t < x ? t + 1 : t;
}

/* round_of rounds halves to even, as additions do. */
static float round_of(float x) {
  float a = magnitude(x);
  return a < WHOLE_FROM ? signed_as((a + WHOLE_FROM) - WHOLE_FROM, x) : x;
}

/* pair is a sum of two floats, of which lo is what hi has been rounded by. */
typedef struct {
  float hi, lo;
} pair;

/* log_pair is log(x) for finite x > 0 to about 40 bits: as log1p_near, with what each
 * step rounds off carried along. */
static pair log_pair(float x) {
  int subnormal = x < SMALLEST_NORMAL;
  x = subnormal ? x * 16777216.0f : x;
  int whole = exponent_of(x);
  float m = as_float(as_int(x) - (whole << 23)), f = m - 1, d = m + 1, d_lo = m - (d - 1);
  float e = (float)(subnormal ? whole - 24 : whole);
  float s = f / d, s_lo = (fma(-s, d, f) - s * d_lo) / d;
  float z = s * s, z_lo = fma(s, s, -z) + 2 * s * s_lo;
  float p = z * fma(z, fma(z, fma(z, 2.0f / 11, 2.0f / 9), 2.0f / 7), 2.0f / 5);
  float q = 0.666666687f + p, q_lo = (0.666666687f - q) + p - 1.98682e-8f;
  float c = s * z, c_lo = fma(s, z, -c) + s * z_lo + s_lo * z;
  float v = c * q, v_lo = fma(c, q, -v) + c * q_lo + c_lo * q;
  float first = e * LN2_HIGH, second = first + 2 * s, third = second + v;
  float lo = ((first - second) + 2 * s) + ((second - third) + v) + (2 * s_lo + v_lo + e * LN2_LOW);
  pair l;
  l.hi = third + lo;
  l.lo = (third - l.hi) + lo;
  return l;
}

static int is_odd(float x) { return magnitude(x) < 16777216.0f && (float)(int)x == x && ((int)x & 1); }

/* pow_magnitude is m^b for m >= 0, both numbers, b not 0 and m not 1. */
static float pow_magnitude(float m, float b) {
  if (m == 0 || m == INFINITY || magnitude(b) == INFINITY) {
    return (m < 1) == (b < 0) ? INFINITY : 0;
  }
  pair l = log_pair(m);
  float y = b * l.hi;
  return exp_sum(y, fma(b, l.hi, -y) + b * l.lo);
}

static float pow_of(float a, float b) {
  if (b == 0 || a == 1) {
    return 1;
  }
  if (a != a || b != b) {
    return a + b;
  }
  float m = magnitude(a), y = m == 1 ? 1 : pow_magnitude(m, b);
  if (as_int(a) >= 0) {
    return y;
  }
  if (m > 0 && m < INFINITY && trunc_of(b) != b) {
    return NAN;
  }
  return is_odd(b) ? -y : y;
}

/* significand and exponent of x >= 0 are whole numbers: x = significand * 2^exponent. */
static int raw_exponent(float x) { return (as_int(x) >> 23 ? as_int(x) >> 23 : 1) - 150; }

static int significand(float x) { return (as_int(x) & 0x7fffff) | (as_int(x) >> 23 ? 0x800000 : 0); }

/* remainder_of is a - b*trunc(a/b), exactly, for finite a >= 0 and b > 0: long
 * division of the significands. */
static float remainder_of(float a, float b) {
  int by = significand(b), exponent = raw_exponent(b), shifts = raw_exponent(a) - exponent;
  if (shifts < 0) {
    return a;
  }
  int left = significand(a) % by;
  for (; shifts > 0; shifts--) {
    left = 2 * left >= by ? 2 * left - by : 2 * left;
  }
  return scaled((float)left, exponent);
}

/* mod_of is the remainder with the sign of the divisor. */
static float mod_of(float a, float b) {
  if (b == 0 || a - a != 0 || b != b) {
    return NAN;
  }
  float r = a;
  if (magnitude(b) < INFINITY) {
    r = signed_as(remainder_of(magnitude(a), magnitude(b)), a);
  }
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/* Functions of one value by their numbers in lower_map.go. The first can be done by
 * the kernel that computes x. */
#define FN_NONE 0
#define FN_RELU 1
#define FN_LEAKY_RELU 2
#define FN_CLIP 3
#define FN_HARD_SIGMOID 4
#define FN_HARD_SWISH 5
#define FN_SIGMOID 6
#define FN_SILU 7

static float activate(int act, float a, float b, float x) {
  switch (act) {
    case FN_RELU: return x < 0 ? 0 : x;
    case FN_LEAKY_RELU: return x < 0 ? a * x : x;
    case FN_CLIP: return clip_of(x, a, b);
    case FN_HARD_SIGMOID: return clip_of(fma(a, x, b), 0, 1);
    case FN_HARD_SWISH: return x * clip_of(fma(x, 1.0f / 6, 0.5f), 0, 1);
    case FN_SIGMOID: return sigmoid_of(x);
    case FN_SILU: return x * sigmoid_of(x);
  }
  return x;
}

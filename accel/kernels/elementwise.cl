/* Functions of one, two and three values, element by element. Operands may be
 * stretched over the result: see stretched and placed. */

#define FN_ELU 8
#define FN_TANH 9
#define FN_GELU 10
#define FN_GELU_TANH 11
#define FN_ERF 12
#define FN_EXP 13
#define FN_LOG 14
#define FN_SQRT 15
#define FN_RECIPROCAL 16
#define FN_NEG 17
#define FN_ABS 18
#define FN_FLOOR 19
#define FN_CEIL 20
#define FN_ROUND 21
#define FN_TRUNC 22
#define FN_SOFTPLUS 23
#define FN_NOT 24
#define FN_AFFINE 25

static float map_one(int fn, float a, float b, float x) {
  switch (fn) {
    case FN_ELU: return x < 0 ? a * expm1_of(x) : x;
    case FN_TANH: return tanh_of(x);
    case FN_GELU: return gelu_of(x);
    case FN_GELU_TANH: return gelu_tanh_of(x);
    case FN_ERF: return erf_of(x);
    case FN_EXP: return exp_of(x);
    case FN_LOG: return log_of(x);
    case FN_SQRT: return sqrt(x);
    case FN_RECIPROCAL: return 1 / x;
    case FN_NEG: return -x;
    case FN_ABS: return magnitude(x);
    case FN_FLOOR: return floor_of(x);
    case FN_CEIL: return ceil_of(x);
    case FN_ROUND: return round_of(x);
    case FN_TRUNC: return trunc_of(x);
    case FN_SOFTPLUS: return softplus_of(x);
    case FN_NOT: return x == 0 ? 1 : 0;
    case FN_AFFINE: return fma(a, x, b);
  }
  return activate(fn, a, b, x);
}

/* map_each sets y[i] to a function of x[i], 0 <= i < n. */
KERNEL(256, 1, 1) map_each(__global float *y, __global const float *x, int n, int fn, float a, float b) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[i] = map_one(fn, a, b, x[i]);
  }
}

/* Functions of two values by their numbers in lower_binary.go. */
#define FN_ADD 0
#define FN_SUB 1
#define FN_MUL 2
#define FN_DIV 3
#define FN_POW 4
#define FN_MIN 5
#define FN_MAX 6
#define FN_MOD 7
#define FN_EQUAL 8
#define FN_LESS 9
#define FN_LESS_OR_EQUAL 10
#define FN_GREATER 11
#define FN_GREATER_OR_EQUAL 12
#define FN_AND 13
#define FN_OR 14
#define FN_PRELU 15

static float combine(int fn, float a, float b) {
  switch (fn) {
    case FN_ADD: return a + b;
    case FN_SUB: return a - b;
    case FN_MUL: return a * b;
    case FN_DIV: return a / b;
    case FN_POW: return pow_of(a, b);
    case FN_MIN: return a != a || a < b ? a : b;
    case FN_MAX: return a != a || a > b ? a : b;
    case FN_MOD: return mod_of(a, b);
    case FN_EQUAL: return a == b ? 1 : 0;
    case FN_LESS: return a < b ? 1 : 0;
    case FN_LESS_OR_EQUAL: return a <= b ? 1 : 0;
    case FN_GREATER: return a > b ? 1 : 0;
    case FN_GREATER_OR_EQUAL: return a >= b ? 1 : 0;
    case FN_AND: return a != 0 && b != 0 ? 1 : 0;
    case FN_OR: return a != 0 || b != 0 ? 1 : 0;
    case FN_PRELU: return a < 0 ? a * b : a;
  }
  return NAN;
}

/* stretched is the place, in an operand of count elements, of what element i of n is
 * made of, where each stands for so many neighbours and all of them come again and
 * again: a scalar, one a channel, one a column, or one each. */
static int stretched(int i, int n, int every, int count) { return count == n ? i : i / every % count; }

/* binary_each sets y[i] to a function of a and b, both stretched. */
KERNEL(256, 1, 1) binary_each(__global float *y, __global const float *a, __global const float *b, int n, int fn,
                              int every_a, int count_a, int every_b, int count_b) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[i] = combine(fn, a[stretched(i, n, every_a, count_a)], b[stretched(i, n, every_b, count_b)]);
  }
}

/* where_each sets y[i] to a where cond is not 0, else to b, all stretched. */
KERNEL(256, 1, 1) where_each(__global float *y, __global const float *cond, __global const float *a,
                             __global const float *b, int n, int every_cond, int count_cond, int every_a, int count_a,
                             int every_b, int count_b) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[i] = cond[stretched(i, n, every_cond, count_cond)] != 0 ? a[stretched(i, n, every_a, count_a)]
                                                              : b[stretched(i, n, every_b, count_b)];
  }
}

/* placed is the place, in operand k of so many, of what element i is made of: a table
 * has, for each axis of the result from the innermost out, its extent and how far
 * each operand moves along it. */
static int placed(int i, __global const int *axis, int rank, int operands, int k) {
  int place = 0;
  for (int d = 0; d < rank; d++, axis += 1 + operands) {
    place += i % axis[0] * axis[1 + k];
    i /= axis[0];
  }
  return place;
}

/* binary_placed is binary_each for operands stretched in any way. */
KERNEL(256, 1, 1) binary_placed(__global float *y, __global const float *a, __global const float *b, int n, int fn,
                                __global const int *tables, int at, int rank) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[i] = combine(fn, a[placed(i, tables + at, rank, 2, 0)], b[placed(i, tables + at, rank, 2, 1)]);
  }
}

/* where_placed is where_each for operands stretched in any way. */
KERNEL(256, 1, 1) where_placed(__global float *y, __global const float *cond, __global const float *a,
                               __global const float *b, int n, __global const int *tables, int at, int rank) {
  int i = (int)get_global_id(0);
  if (i < n) {
    __global const int *axes = tables + at;
    y[i] = cond[placed(i, axes, rank, 3, 0)] != 0 ? a[placed(i, axes, rank, 3, 1)] : b[placed(i, axes, rank, 3, 2)];
  }
}

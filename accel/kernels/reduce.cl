/* Folding of axes. A line is what one result is made of. Where the elements of a line lie
 * is told by a table: the extents and strides of the axes kept, innermost first, and then
 * those of the axes folded. */

#define FOLD_SUM 0
#define FOLD_LARGEST 1
#define FOLD_SMALLEST 2
#define FOLD_MAGNITUDE 3 /* the largest absolute value */
#define FOLD_SQUARES 4   /* of values divided by a scale, so that none leaves the range of floats */

static float fold_start(int fn) {
  return fn == FOLD_LARGEST ? -INFINITY : fn == FOLD_SMALLEST ? INFINITY : 0.0f;
}

/* fold_join folds two results of the same function. */
static float fold_join(int fn, float a, float b) {
  switch (fn) {
  case FOLD_LARGEST:
  case FOLD_MAGNITUDE:
    return larger(a, b);
  case FOLD_SMALLEST:
    return smaller(a, b);
  }
  return a + b;
}

static float fold_term(int fn, float x, float scale) {
  switch (fn) {
  case FOLD_MAGNITUDE:
    return magnitude(x);
  case FOLD_SQUARES:
    return (x / scale) * (x / scale);
  }
  return x;
}

/* fold_end makes the result: a mean of a sum, a length of squares. A scale that is 0 or not
 * finite is the length itself. */
static float fold_end(int fn, float v, float scale, int mean, int length) {
  if (fn == FOLD_SQUARES) {
    return scale > 0.0f && scale - scale == 0.0f ? scale * sqrt(v) : scale;
  }
  return mean ? v / (float)length : v;
}

/* place_along is where element i of a line, or line i, begins, by axes of a table. */
static int place_along(__global const int *axes, int rank, int i) {
  int place = 0;
  for (int k = 0; k < rank; k++) {
    place += i % axes[2 * k] * axes[2 * k + 1];
    i /= axes[2 * k];
  }
  return place;
}

/* reduce_items folds lines with an item each. */
KERNEL(256, 1, 1)
reduce_items(__global float *y, __global const float *x, __global const float *scales, __global const int *tables,
             int at, int kept, int folded, int lines, int length, int fn, int mean) {
  int line = (int)get_global_id(0);
  if (line >= lines) {
    return;
  }
  __global const int *axes = tables + at;
  __global const int *inner = axes + 2 * kept;
  __global const float *from = x + place_along(axes, kept, line);
  float scale = fn == FOLD_SQUARES ? scales[line] : 1.0f;
  float v = fold_start(fn);
  for (int i = 0; i < length; i++) {
    int place = folded == 1 ? i * inner[1] : place_along(inner, folded, i);
    v = fold_join(fn, v, fold_term(fn, from[place], scale));
  }
  y[line] = fold_end(fn, v, scale, mean, length);
}

/* reduce_groups folds lines with a group each. */
KERNEL(64, 1, 1)
reduce_groups(__global float *y, __global const float *x, __global const float *scales, __global const int *tables,
              int at, int kept, int folded, int length, int fn, int mean) {
  __local float t[LINE];
  int line = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  __global const int *axes = tables + at;
  __global const int *inner = axes + 2 * kept;
  __global const float *from = x + place_along(axes, kept, line);
  float scale = fn == FOLD_SQUARES ? scales[line] : 1.0f;
  float v = fold_start(fn);
  for (int i = lid; i < length; i += LINE) {
    int place = folded == 1 ? i * inner[1] : place_along(inner, folded, i);
    v = fold_join(fn, v, fold_term(fn, from[place], scale));
  }
  t[lid] = v;
  LOCAL_BARRIER;
  for (int step = LINE / 2; step > 1; step /= 2) {
    if (lid < step) {
      t[lid] = fold_join(fn, t[lid], t[lid + step]);
    }
    LOCAL_BARRIER;
  }
  if (lid == 0) {
    y[line] = fold_end(fn, fold_join(fn, t[0], t[1]), scale, mean, length);
  }
}

/* Elements that only take another place. */

/* move_placed sets y[i] to the element of x that a table places there, counted from
 * base; strides may be negative. */
KERNEL(256, 1, 1) move_placed(__global float *y, __global const float *x, int n, int base, __global const int *tables,
                              int at, int rank) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[i] = x[base + placed(i, tables + at, rank, 1, 0)];
  }
}

#define SQUARE 32

/* transpose_tiles turns matrices over: each is rows by cols in x, step elements from
 * row to row, and lies row-major in y, turned. The table places the matrices in x. A
 * group takes a square through local memory, so that both sides are read and written
 * along their rows; its rows are one longer so that a column meets different banks. */
KERNEL(32, 8, 1) transpose_tiles(__global float *y, __global const float *x, int rows, int cols, int step,
                                 __global const int *tables, int at, int rank) {
  __local float square[SQUARE][SQUARE + 1];
  int across = (cols + SQUARE - 1) / SQUARE, down = (rows + SQUARE - 1) / SQUARE;
  int group = (int)get_group_id(0), matrix = group / (across * down);
  int col = group % across * SQUARE, row = group / across % down * SQUARE;
  int lane = (int)get_local_id(0), line = (int)get_local_id(1);
  int from = placed(matrix, tables + at, rank, 1, 0), to = matrix * rows * cols;
  for (int r = line; r < SQUARE; r += 8) {
    if (row + r < rows && col + lane < cols) {
      square[r][lane] = x[from + (row + r) * step + col + lane];
    }
  }
  LOCAL_BARRIER;
  for (int c = line; c < SQUARE; c += 8) {
    if (col + c < cols && row + lane < rows) {
      y[to + (col + c) * rows + row + lane] = square[lane][c];
    }
  }
}

/* place_stretches copies x to y in stretches of so many elements: they begin in y at
 * start and are step apart. */
KERNEL(256, 1, 1) place_stretches(__global float *y, __global const float *x, int n, int stretch, int start, int step) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[start + i / stretch * step + i % stretch] = x[i];
  }
}

/* Kinds of padding by their numbers in lower_pad.go. */
#define PAD_CONSTANT 0
#define PAD_REFLECT 1
#define PAD_EDGE 2

/* pad_origin is the element that stands at a position of a padded axis; -1 where
 * that is the constant. Reflection leaves out the edge itself. */
static int pad_origin(int mode, int position, int extent) {
  if (position >= 0 && position < extent) {
    return position;
  }
  switch (mode) {
    case PAD_REFLECT: return position < 0 ? -position : 2 * (extent - 1) - position;
    case PAD_EDGE: return position < 0 ? 0 : extent - 1;
  }
  return -1;
}

/* pad_each sets y to x with elements around it. The table has, for each axis from
 * the innermost out, the extents in y and in x, and the elements before. */
KERNEL(256, 1, 1) pad_each(__global float *y, __global const float *x, int n, int mode, float value,
                           __global const int *tables, int at, int rank) {
  int i = (int)get_global_id(0);
  if (i >= n) {
    return;
  }
  __global const int *axis = tables + at;
  int rest = i, from = 0, step = 1;
  for (int d = 0; d < rank; d++, axis += 3) {
    int origin = pad_origin(mode, rest % axis[0] - axis[2], axis[1]);
    if (origin < 0) {
      y[i] = value;
      return;
    }
    from += origin * step;
    step *= axis[1];
    rest /= axis[0];
  }
  y[i] = x[from];
}

/* Products of matrices, one or a stack of them: y = alpha*a*b + beta*c, and what follows
 * it (add, act). Operands have strides, so that transposed and repeated ones need no
 * copy. In tables, from stack on, there are four ints for each axis of the stack, the
 * last axis first: its extent, and what one step along it is in a, b and c. */

typedef struct {
  int a, b, c;
} places;

/* place_of finds a matrix of the stack in each operand. */
static places place_of(__global const int *stack, int axes, int matrix) {
  places at = {0, 0, 0};
  for (int i = 0; i < axes; i++, stack += 4) {
    int step = matrix % stack[0];
    matrix /= stack[0];
    at.a += step * stack[1];
    at.b += step * stack[2];
    at.c += step * stack[3];
  }
  return at;
}

/* matmul computes a tile a group: tiles along columns first, then along rows, then
 * matrices. Each of the last groups' axis does span of the depth; if that is not all of
 * it, y is parts of sums, one whole result after the other, for join to finish. */
KERNEL(256, 1, 1) matmul(__global float *y, __global const float *a, __global const float *b,
    __global const float *c, __global const int *tables, int stack, int axes, int rows, int columns,
    int depth, int a_row, int a_depth, int b_depth, int b_column, int has_c, int c_row, int c_column,
    float alpha, float beta, __global const float *add, int has_add, int act, float act_a,
    float act_b, int matrices, int span) {
  __local float tile[TILE_FLOATS(TILE)] __attribute__((aligned(16)));
  int item = (int)get_local_id(0);
  int group = (int)get_group_id(0);
  int across = (columns + TILE - 1) / TILE;
  int down = (rows + TILE - 1) / TILE;
  int column = group % across * TILE;
  int row = group / across % down * TILE;
  int matrix = group / across / down;
  int part = matrix / matrices;
  matrix -= part * matrices;
  places at = place_of(tables + stack, axes, matrix);
  int k = part * span;
  int end = depth - k < span ? depth : k + span;

  share left = share_of(item, TILE, a_row != 1);
  share right = share_of(item, TILE, b_column != 1);
  float ahead_a[SHARE], ahead_b[SHARE];
  float sum[PATCH * PATCH] = {0};
  tile_bring(ahead_a, a + at.a, left, row, rows, a_row, k, end, a_depth);
  tile_bring(ahead_b, b + at.b, right, column, columns, b_column, k, end, b_depth);
  while (k < end) {
    LOCAL_BARRIER;
    tile_put(tile, PITCH(TILE), left, ahead_a);
    tile_put(tile + DEPTH * PITCH(TILE), PITCH(TILE), right, ahead_b);
    LOCAL_BARRIER;
    k += DEPTH;
    tile_bring(ahead_a, a + at.a, left, row, rows, a_row, k, end, a_depth);
    tile_bring(ahead_b, b + at.b, right, column, columns, b_column, k, end, b_depth);
    tile_multiply(sum, tile, TILE, item);
  }

  column += item % TILE;
  y += part * matrices * rows * columns;
  ending e = {c, 0, add, has_add, act, act_a, act_b};
  for (int lower = 0; lower < 2; lower++) {
    LOCAL_BARRIER;
    tile_keep(tile, TILE, lower, sum, item);
    LOCAL_BARRIER;
    for (int line = item / TILE; line < TILE / 2; line += GROUP / TILE) {
      int r = row + lower * TILE / 2 + line;
      if (r < rows && column < columns) {
        int i = (matrix * rows + r) * columns + column;
        float v = alpha * tile[line * PITCH(TILE) + item % TILE];
        if (has_c) {
          v += beta * c[at.c + r * c_row + column * c_column];
        }
        y[i] = ended(e, i, 0, v);
      }
    }
  }
}

/* The most rows of matmul_rows. */
#define FEW 8

/* matmul_rows is matmul for at most 8 rows, where reading b is all the work: the items
 * of a group share a few columns, each with every so-many-th of the depth, and join
 * their sums in a tree. Lanes is how many share a column: 32 where b lies along its
 * depth, and a group does 8 columns; 8 where it lies along columns, and it does 32. */
KERNEL(256, 1, 1) matmul_rows(__global float *y, __global const float *a, __global const float *b,
    __global const float *c, __global const int *tables, int stack, int axes, int rows, int columns,
    int depth, int a_row, int a_depth, int b_depth, int b_column, int has_c, int c_row, int c_column,
    float alpha, float beta, __global const float *add, int has_add, int act, float act_a,
    float act_b, int lanes) {
  __local float parts[FEW * GROUP];
  int item = (int)get_local_id(0);
  int each = GROUP / lanes; /* columns of a group */
  int across = (columns + each - 1) / each;
  int first = (int)get_group_id(0) % across * each;
  int matrix = (int)get_group_id(0) / across;
  places at = place_of(tables + stack, axes, matrix);

  int lane = lanes == 32 ? item % 32 : item / 32;
  int column = first + (lanes == 32 ? item / 32 : item % 32);
  int next = lanes == 32 ? 1 : 32; /* items from a lane to the next */
  float sum[FEW] = {0};
  if (column < columns) {
    for (int k = lane; k < depth; k += lanes) {
      float w = b[at.b + k * b_depth + column * b_column];
#pragma unroll
      for (int r = 0; r < FEW; r++) {
        if (r < rows) {
          sum[r] = fma(a[at.a + r * a_row + k * a_depth], w, sum[r]);
        }
      }
    }
  }
#pragma unroll
  for (int r = 0; r < FEW; r++) {
    parts[r * GROUP + item] = sum[r];
  }
  for (int reach = lanes / 2; reach > 0; reach /= 2) {
    LOCAL_BARRIER;
    if (lane < reach) {
      for (int r = 0; r < rows; r++) {
        parts[r * GROUP + item] += parts[r * GROUP + item + reach * next];
      }
    }
  }
  LOCAL_BARRIER;

  int r = item / each;
  column = first + item % each;
  if (r >= rows || column >= columns) {
    return;
  }
  int i = (matrix * rows + r) * columns + column;
  float v = alpha * parts[r * GROUP + item % each * (lanes == 32 ? 32 : 1)];
  if (has_c) {
    v += beta * c[at.c + r * c_row + column * c_column];
  }
  ending e = {c, 0, add, has_add, act, act_a, act_b};
  y[i] = ended(e, i, 0, v);
}

/* join adds the two parts or more of sums that matmul or conv left, n results one after
 * the other, in their order, and does what they would have done with the whole: add beta
 * times the bias of the result's channel, which changes every inner elements, then the
 * tail. */
KERNEL(256, 1, 1) join(__global float *y, __global const float *parts, int n, int count,
    __global const float *bias, int has_bias, int channels, int inner, float beta,
    __global const float *add, int has_add, int act, float act_a, float act_b) {
  int i = (int)get_global_id(0);
  if (i >= n) {
    return;
  }
  float v = parts[i];
  int part = 1;
  do {
    v += parts[part * n + i];
  } while (++part < count);
  if (has_bias) {
    v += beta * bias[i / inner % channels];
  }
  ending e = {bias, 0, add, has_add, act, act_a, act_b};
  y[i] = ended(e, i, 0, v);
}

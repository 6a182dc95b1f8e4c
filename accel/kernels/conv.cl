/* Convolutions of images x [images][groups*channels][height][width] with filters
 * w [groups*outputs][channels][rows][columns]. */

/* What all of these kernels are told. Depth is what a result sums up, positions are the
 * results of an output in all images; channels and outputs are those of a group. */
typedef struct {
  int positions, depth, groups, outputs, channels, height, width, out_height, out_width;
  int stride_down, stride_right, pad_top, pad_left;
} convolution;

/* What a window sees of an image: the first element of its channels, and where in a
 * plane its first tap lies, which may be outside. Rows are those of the plane, 0 for a
 * window that there is not. */
typedef struct {
  int first, top, left, rows, columns;
} window;

static window window_of(convolution c, int group, int image, int position, int exists) {
  window at;
  at.first = (image * c.groups + group) * c.channels * c.height * c.width;
  at.top = position / c.out_width * c.stride_down - c.pad_top;
  at.left = position % c.out_width * c.stride_right - c.pad_left;
  at.rows = exists ? c.height : 0;
  at.columns = c.width;
  return at;
}

/* bring_window reads an item's share of the tile of x that stands for its window at
 * depths k and on. Taps has three ints for each depth: where its channel begins, and how
 * many rows and columns the tap lies from the first one. */
static void bring_window(float *held, __global const float *x, window at,
                         __global const int *taps, share s, int k, int depth) {
#pragma unroll
  for (int i = 0; i < SHARE; i++) {
    int d = k + s.depth + i * s.depths;
    held[i] = 0;
    if (i < s.count && d < depth) {
      int row = at.top + taps[3 * d + 1];
      int column = at.left + taps[3 * d + 2];
      if (within(row, at.rows) && within(column, at.columns)) {
        held[i] = x[at.first + taps[3 * d] + row * at.columns + column];
      }
    }
  }
}

/* conv_tile is a product of matrices: filters, outputs by depth, times windows, depth by
 * positions, of which only a tile at a time exists. Tiles along positions first, then
 * along outputs, then groups of channels. Parts of sums as in matmul. */
static void conv_tile(__global float *y, __global const float *x, __global const float *w,
                      __global const int *taps, convolution c, ending e, int span,
                      __local float *tile, int lines) {
  int columns = TILE_COLUMNS(lines);
  int item = (int)get_local_id(0);
  int group = (int)get_group_id(0);
  int across = (c.positions + columns - 1) / columns;
  int down = (c.outputs + lines - 1) / lines;
  int column = group % across * columns + item % columns;
  int row = group / across % down * lines;
  group = group / across / down;
  int part = group / c.groups;
  group -= part * c.groups;
  int k = part * span;
  int end = c.depth - k < span ? c.depth : k + span;

  int area = c.out_height * c.out_width;
  int image = column / area;
  int position = column - image * area;
  window at = window_of(c, group, image, position, column < c.positions);
  __global const float *filters = w + group * c.outputs * c.depth;
  share left = share_of(item, lines, 1);
  share right = share_of(item, columns, 0);
  float filter[SHARE], seen[SHARE];
  float sum[PATCH * PATCH] = {0};
  tile_bring(filter, filters, left, row, c.outputs, c.depth, k, end, 1);
  bring_window(seen, x, at, taps, right, k, end);
  do {
    LOCAL_BARRIER;
    tile_put(tile, PITCH(lines), left, filter);
    tile_put(tile + DEPTH * PITCH(lines), PITCH(columns), right, seen);
    LOCAL_BARRIER;
    k += DEPTH;
    tile_bring(filter, filters, left, row, c.outputs, c.depth, k, end, 1);
    bring_window(seen, x, at, taps, right, k, end);
    tile_multiply(sum, tile, lines, item);
  } while (k < end);

  y += part * c.positions * c.groups * c.outputs;
  for (int lower = 0; lower < 2; lower++) {
    LOCAL_BARRIER;
    tile_keep(tile, lines, lower, sum, item);
    LOCAL_BARRIER;
    for (int line = item / columns; line < lines / 2; line += GROUP / columns) {
      int output = row + lower * lines / 2 + line;
      if (output < c.outputs && column < c.positions) {
        output += group * c.outputs;
        int i = (image * c.groups * c.outputs + output) * area + position;
        y[i] = ended(e, i, output, tile[line * PITCH(columns) + item % columns]);
      }
    }
  }
}

/* conv has tiles of 64 outputs by 64 positions. */
KERNEL(256, 1, 1) conv(__global float *y, __global const float *x, __global const float *w,
    __global const int *tables, int taps, int span, int positions, int depth, int groups,
    int outputs, int channels, int height, int width, int out_height, int out_width,
    int stride_down, int stride_right, int pad_top, int pad_left, __global const float *bias,
    int has_bias, __global const float *add, int has_add, int act, float act_a, float act_b) {
  __local float tile[TILE_FLOATS(64)] __attribute__((aligned(16)));
  convolution c = {positions, depth, groups, outputs, channels, height, width, out_height,
                   out_width, stride_down, stride_right, pad_top, pad_left};
  ending e = {bias, has_bias, add, has_add, act, act_a, act_b};
  conv_tile(y, x, w, tables + taps, c, e, span, tile, 64);
}

/* conv_flat has tiles of 32 outputs by 128 positions, for when there are so few. */
KERNEL(256, 1, 1) conv_flat(__global float *y, __global const float *x, __global const float *w,
    __global const int *tables, int taps, int span, int positions, int depth, int groups,
    int outputs, int channels, int height, int width, int out_height, int out_width,
    int stride_down, int stride_right, int pad_top, int pad_left, __global const float *bias,
    int has_bias, __global const float *add, int has_add, int act, float act_a, float act_b) {
  __local float tile[TILE_FLOATS(32)] __attribute__((aligned(16)));
  convolution c = {positions, depth, groups, outputs, channels, height, width, out_height,
                   out_width, stride_down, stride_right, pad_top, pad_left};
  ending e = {bias, has_bias, add, has_add, act, act_a, act_b};
  conv_tile(y, x, w, tables + taps, c, e, span, tile, 32);
}

/* Results of an item of conv_few, one below the other. */
#define STRIP 4

/* conv_few is conv for groups with few outputs, one in a depthwise convolution: an item
 * does up to 4 results of one output, directly. A weight is read once for the four;
 * neighbouring items do neighbouring columns. */
KERNEL(256, 1, 1) conv_few(__global float *y, __global const float *x, __global const float *w,
    int strips, int rows, int columns, int step_down, int step_right, int groups, int outputs,
    int channels, int height, int width, int out_height, int out_width, int stride_down,
    int stride_right, int pad_top, int pad_left, __global const float *bias, int has_bias,
    __global const float *add, int has_add, int act, float act_a, float act_b) {
  int i = (int)get_global_id(0);
  if (i >= strips) {
    return;
  }
  int left = i % out_width;
  int rest = i / out_width;
  int down = (out_height + STRIP - 1) / STRIP;
  int top = rest % down * STRIP;
  int plane = rest / down; /* of y */
  int output = plane % (groups * outputs);
  int column = left * stride_right - pad_left;
  int row = top * stride_down - pad_top;
  x += plane / outputs * channels * height * width;
  w += output * channels * rows * columns;

  float sum[STRIP] = {0};
  for (int c = 0; c < channels; c++, x += height * width) {
    for (int tap = 0; tap < rows; tap++) {
      for (int j = 0; j < columns; j++, w++) {
        int at = column + j * step_right;
        if (!within(at, width)) {
          continue;
        }
        float weight = *w;
#pragma unroll
        for (int r = 0; r < STRIP; r++) {
          int h = row + r * stride_down + tap * step_down;
          if (within(h, height)) {
            sum[r] = fma(weight, x[h * width + at], sum[r]);
          }
        }
      }
    }
  }
  ending e = {bias, has_bias, add, has_add, act, act_a, act_b};
#pragma unroll
  for (int r = 0; r < STRIP; r++) {
    if (top + r < out_height) {
      int to = (plane * out_height + top + r) * out_width + left;
      y[to] = ended(e, to, output, sum[r]);
    }
  }
}

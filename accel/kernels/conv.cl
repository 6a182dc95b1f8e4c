/* Convolutions of images x [images][groups*depth/taps][height][width] with filters
 * w [groups*outputs][channels][rows][columns], bias and tail. */

/* What a window sees of an image: the first element of its channels, and where in a
 * plane its first tap lies, which may be outside. */
typedef struct {
  int first, top, left;
} window;

/* bring_window reads an item's share of the tile of x that stands for its window at
 * depths k and on. Taps has three ints for each depth: where its channel begins, and how
 * many rows and columns the tap lies from the first one. */
static void bring_window(float *held, __global const float *x, window at, __global const int *taps,
                         share s, int k, int depth, int height, int width) {
#pragma unroll
  for (int i = 0; i < PATCH; i++) {
    int d = k + s.depth + i * s.depths;
    held[i] = 0;
    if (d < depth) {
      int row = at.top + taps[3 * d + 1];
      int column = at.left + taps[3 * d + 2];
      if (row >= 0 && row < height && column >= 0 && column < width) {
        held[i] = x[at.first + taps[3 * d] + row * width + column];
      }
    }
  }
}

/* conv is a product of matrices: filters, outputs by depth, times windows, depth by
 * positions of all images, of which only a tile at a time exists. Tiles along positions
 * first, then along outputs, then groups of channels. Parts of sums as in matmul. */
KERNEL(256, 1, 1) conv(__global float *y, __global const float *x, __global const float *w,
    __global const int *tables, int taps, int positions, int depth, int groups, int outputs,
    int channels, int height, int width, int out_height, int out_width, int stride_down,
    int stride_right, int pad_top, int pad_left, __global const float *bias, int has_bias,
    __global const float *add, int has_add, int act, float act_a, float act_b, int span) {
  __local float tile[TILE_FLOATS] __attribute__((aligned(16)));
  int item = (int)get_local_id(0);
  int group = (int)get_group_id(0);
  int across = (positions + TILE - 1) / TILE;
  int down = (outputs + TILE - 1) / TILE;
  int column = group % across * TILE + item % TILE;
  int row = group / across % down * TILE;
  group = group / across / down;
  int part = group / groups;
  group -= part * groups;
  int k = part * span;
  int end = depth - k < span ? depth : k + span;

  int area = out_height * out_width;
  int image = column / area;
  int position = column - image * area;
  window at;
  at.first = (image * groups + group) * channels * height * width;
  at.top = position / out_width * stride_down - pad_top;
  at.left = position % out_width * stride_right - pad_left;
  int seen = column < positions ? height : 0; /* rows of x that there are for this item */

  __global const float *filters = w + group * outputs * depth;
  share left = share_of(item, 1);
  share right = share_of(item, 0);
  float held[2][PATCH];
  float sum[PATCH * PATCH] = {0};
  tile_bring(held[0], filters, left, row, outputs, depth, k, end, 1);
  bring_window(held[1], x, at, tables + taps, right, k, end, seen, width);
  do {
    LOCAL_BARRIER;
    tile_put(tile, left, held[0]);
    tile_put(tile + DEPTH * PITCH, right, held[1]);
    LOCAL_BARRIER;
    k += DEPTH;
    tile_bring(held[0], filters, left, row, outputs, depth, k, end, 1);
    bring_window(held[1], x, at, tables + taps, right, k, end, seen, width);
    tile_multiply(sum, tile, tile + DEPTH * PITCH, item);
  } while (k < end);

  for (int lower = 0; lower < 2; lower++) {
    LOCAL_BARRIER;
    tile_keep(tile, lower, sum, item);
    LOCAL_BARRIER;
    for (int line = item / TILE; line < TILE / 2; line += GROUP / TILE) {
      int output = row + lower * TILE / 2 + line;
      if (output >= outputs || column >= positions) {
        continue;
      }
      output += group * outputs;
      int i = (image * groups * outputs + output) * area + position;
      float v = tile[line * PITCH + item % TILE];
      if (has_bias) {
        v += bias[output];
      }
      if (has_add) {
        v += add[i];
      }
      y[part * positions * groups * outputs + i] = activate(act, act_a, act_b, v);
    }
  }
}

/* Results of an item of conv_few, one below the other. */
#define STRIP 4

/* conv_few is conv for groups with few channels, one for each output in a depthwise
 * convolution: an item does up to 4 results of one output, directly. A weight is read
 * once for the four; neighbouring items read neighbouring columns. */
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
        if (at < 0 || at >= width) {
          continue;
        }
        float weight = *w;
#pragma unroll
        for (int r = 0; r < STRIP; r++) {
          int h = row + r * stride_down + tap * step_down;
          if (h >= 0 && h < height) {
            sum[r] = fma(weight, x[h * width + at], sum[r]);
          }
        }
      }
    }
  }
#pragma unroll
  for (int r = 0; r < STRIP; r++) {
    if (top + r < out_height) {
      int to = (plane * out_height + top + r) * out_width + left;
      float v = sum[r];
      if (has_bias) {
        v += bias[output];
      }
      if (has_add) {
        v += add[to];
      }
      y[to] = activate(act, act_a, act_b, v);
    }
  }
}

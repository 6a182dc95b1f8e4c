/* Windows over planes [planes][height][width], an item a result. */

/* pool_max is the largest element a window sees, NaN if there is one, and -Inf where the
 * window lies in the padding altogether. */
KERNEL(256, 1, 1) pool_max(__global float *y, __global const float *x, int n, int height, int width,
    int out_height, int out_width, int rows, int columns, int stride_down, int stride_right,
    int step_down, int step_right, int pad_top, int pad_left) {
  int i = (int)get_global_id(0);
  if (i >= n) {
    return;
  }
  int left = i % out_width * stride_right - pad_left;
  int top = i / out_width % out_height * stride_down - pad_top;
  x += i / out_width / out_height * height * width;
  float most = -INFINITY;
  for (int h = top; h < top + rows * step_down; h += step_down) {
    for (int c = left; c < left + columns * step_right; c += step_right) {
      if (within(h, height) && within(c, width)) {
        float v = x[h * width + c];
        most = v > most || v != v ? v : most;
      }
    }
  }
  y[i] = most;
}

/* pool_average is the mean of what a window sees, 0 if that is nothing. Padding counts as
 * zeros up to bottom and right; where padding does not count, these are the image's. */
KERNEL(256, 1, 1) pool_average(__global float *y, __global const float *x, int n, int height,
    int width, int out_height, int out_width, int rows, int columns, int stride_down,
    int stride_right, int step_down, int step_right, int pad_top, int pad_left, int counts_padding,
    int bottom, int right) {
  int i = (int)get_global_id(0);
  if (i >= n) {
    return;
  }
  int left = i % out_width * stride_right - pad_left;
  int top = i / out_width % out_height * stride_down - pad_top;
  x += i / out_width / out_height * height * width;
  float sum = 0;
  int count = 0;
  for (int h = top; h < top + rows * step_down; h += step_down) {
    for (int c = left; c < left + columns * step_right; c += step_right) {
      int inside = within(h, height) && within(c, width);
      if (inside) {
        sum += x[h * width + c];
      }
      count += inside || (counts_padding && h < bottom && c < right);
    }
  }
  y[i] = count > 0 ? sum / (float)count : 0;
}

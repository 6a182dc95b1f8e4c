/* What is done along lines of a tensor: x is [outer][length][inner], and a line has the
 * elements of one place inner. */

/* softmax_items normalizes exponentials of short lines with an item each; with logs, their
 * logarithms. */
KERNEL(256, 1, 1)
softmax_items(__global float *y, __global const float *x, int lines, int length, int inner, int logs) {
  int line = (int)get_global_id(0);
  if (line >= lines) {
    return;
  }
  int first = line / inner * (length * inner) + line % inner;
  float top = -INFINITY;
  for (int i = 0; i < length; i++) {
    top = larger(top, x[first + i * inner]);
  }
  float sum = 0.0f;
  for (int i = 0; i < length; i++) {
    float e = exp_of(x[first + i * inner] - top);
    y[first + i * inner] = e;
    sum += e;
  }
  float log_sum = logs ? log_of(sum) : 0.0f;
  for (int i = 0; i < length; i++) {
    int at = first + i * inner;
    y[at] = logs ? x[at] - top - log_sum : y[at] / sum;
  }
}

/* softmax_groups is softmax_items with a group a line. */
KERNEL(64, 1, 1)
softmax_groups(__global float *y, __global const float *x, int length, int inner, int logs) {
  __local float t[LINE];
  __local float u[LINE];
  int line = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  int first = line / inner * (length * inner) + line % inner;
  float top = -INFINITY;
  for (int i = lid; i < length; i += LINE) {
    top = larger(top, x[first + i * inner]);
  }
  top = largest_of_group(t, LINE, top);
  float sum = 0.0f;
  for (int i = lid; i < length; i += LINE) {
    float e = exp_of(x[first + i * inner] - top);
    y[first + i * inner] = e;
    sum += e;
  }
  sum = sum_of_group(u, LINE, sum);
  float log_sum = logs ? log_of(sum) : 0.0f;
  for (int i = lid; i < length; i += LINE) {
    int at = first + i * inner;
    y[at] = logs ? x[at] - top - log_sum : y[at] / sum;
  }
}

/* standardize takes the mean off each line of elements that lie together and divides by
 * the standard deviation, with a group a line. Scale and bias have an element for each
 * place in the line or, where channels is not 0, for each channel: line i is of channel
 * i % channels. */
KERNEL(64, 1, 1)
standardize(__global float *y, __global const float *x, __global const float *scale, __global const float *bias,
            int length, int channels, int biased, float eps) {
  __local float t[LINE];
  __local float u[LINE];
  int line = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  __global const float *from = x + line * length;
  float sum = 0.0f;
  for (int i = lid; i < length; i += LINE) {
    sum += from[i];
  }
  float mean = sum_of_group(t, LINE, sum) / (float)length;
  float rest = 0.0f;
  for (int i = lid; i < length; i += LINE) {
    rest += from[i] - mean;
  }
  mean = corrected(mean, sum_of_group(u, LINE, rest) / (float)length);
  float squares = 0.0f;
  for (int i = lid; i < length; i += LINE) {
    squares = fma(from[i] - mean, from[i] - mean, squares);
  }
  float deviation = sqrt(sum_of_group(t, LINE, squares) / (float)length + eps);
  for (int i = lid; i < length; i += LINE) {
    int k = channels > 0 ? line % channels : i;
    float v = (from[i] - mean) / deviation * scale[k];
    y[line * length + i] = biased ? v + bias[k] : v;
  }
}

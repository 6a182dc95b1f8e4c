/* Normalization of channels: x is [rows][channels][positions], and a channel's values
 * are counted row by row, position by position.
 *
 * norm_measure and norm_join take the moments of the batch, norm_join and norm_mix
 * decide by the run's rule how each channel is normalized, norm_apply does it. What
 * they decide lies in mixed, [3][channels]: means, factors, shifts. */

/* Values of a channel that a group measures: EACH an item, held in registers, so that
 * the distances from the mean cost no second reading. */
#define EACH 8
#define CHUNK (EACH * 256)

/* norm_measure leaves, for each channel and chunk of its values, the mean and the sum of
 * squared distances from it: partial is [channels][chunks][2], with a group for each. */
KERNEL(256, 1, 1)
norm_measure(__global float *partial, __global const float *x, int channels, int positions, int count, int chunks) {
  __local float t[256];
  __local float u[256];
  int channel = (int)get_group_id(0) / chunks;
  int chunk = (int)get_group_id(0) % chunks;
  int n = count - chunk * CHUNK; /* values from here on */
  n = n < CHUNK ? n : CHUNK;
  float v[EACH];
  int i = (int)get_local_id(0);
  int row = (chunk * CHUNK + i) / positions;
  int position = (chunk * CHUNK + i) % positions;
  float sum = 0.0f;
  for (int k = 0; k < EACH; k++) {
    v[k] = 0.0f;
    if (i + k * 256 < n) {
      v[k] = x[(row * channels + channel) * positions + position];
      sum += v[k];
    }
    row += 256 / positions;
    position += 256 % positions;
    if (position >= positions) {
      position -= positions;
      row++;
    }
  }
  float mean = sum_of_group(t, 256, sum) / (float)n;
  float rest = 0.0f;
  for (int k = 0; k < EACH; k++) {
    if (i + k * 256 < n) {
      rest += v[k] - mean;
    }
  }
  mean = corrected(mean, sum_of_group(u, 256, rest) / (float)n);
  float squares = 0.0f;
  for (int k = 0; k < EACH; k++) {
    if (i + k * 256 < n) {
      squares = fma(v[k] - mean, v[k] - mean, squares);
    }
  }
  squares = sum_of_group(t, 256, squares);
  if (i == 0) {
    partial[2 * (int)get_group_id(0)] = mean;
    partial[2 * (int)get_group_id(0) + 1] = squares;
  }
}

/* The modes of accel.NormMode, and the places in a rule's block: see rules.go of package
 * launch. */
#define NORM_SOURCE 0.0f
#define NORM_BLEND 1.0f
#define NORM_GIVEN 2.0f
#define RULE_MODE 0
#define RULE_WEIGHT 1
#define RULE_POOL 2
#define RULE_UNBIASED 3
#define RULE_HEADER 4

/* decide writes how a channel is normalized with some moments. */
static void decide(__global float *mixed, int channels, int c, float mean, float variance, float gamma, float beta,
                   float eps) {
  mixed[c] = mean;
  mixed[channels + c] = gamma / sqrt(variance + eps);
  mixed[2 * channels + c] = beta;
}

/* leave lets a channel keep its bits: -0 is what adds nothing to a zero of either sign. */
static void leave(__global float *mixed, int channels, int c) {
  mixed[c] = 0.0f;
  mixed[channels + c] = 1.0f;
  mixed[2 * channels + c] = -0.0f;
}

/* norm_mix decides without moments of the batch, with an item a channel. Where at is
 * negative there is no rule, and the source moments count. */
KERNEL(256, 1, 1)
norm_mix(__global float *mixed, __global const float *gamma, __global const float *beta, __global const float *mean,
         __global const float *variance, __global const float *rules, int at, int channels, float eps, int is_virtual) {
  int c = (int)get_global_id(0);
  if (c >= channels) {
    return;
  }
  float mode = at < 0 ? NORM_SOURCE : rules[at + RULE_MODE];
  if (mode == NORM_GIVEN) {
    __global const float *given = rules + at + RULE_HEADER;
    decide(mixed, channels, c, given[c], given[channels + c], gamma[c], beta[c], eps);
  } else if (is_virtual) {
    leave(mixed, channels, c);
  } else {
    decide(mixed, channels, c, mean[c], variance[c], gamma[c], beta[c], eps);
  }
}

/* blend decides by a mixture of source moments and those of a batch of count values.
 * The source's count alone where the batch's are not finite; its variance does where a
 * single value has no unbiased one. */
static void blend(__global float *mixed, int channels, int c, float mean, float variance, float batch_mean,
                  float batch_variance, __global const float *rule, int count, float gamma, float beta, float eps) {
  if (batch_mean - batch_mean == 0.0f && batch_variance - batch_variance == 0.0f) {
    float w = rule[RULE_WEIGHT];
    if (rule[RULE_UNBIASED] != 0.0f) {
      batch_variance = count > 1 ? batch_variance * ((float)count / (float)(count - 1)) : variance;
    }
    float apart = mean - batch_mean;
    float between = rule[RULE_POOL] != 0.0f ? w * (1.0f - w) * apart * apart : 0.0f;
    mean = w * mean + (1.0f - w) * batch_mean;
    variance = w * variance + (1.0f - w) * batch_variance + between;
  }
  decide(mixed, channels, c, mean, variance, gamma, beta, eps);
}

/* norm_join makes the moments of each channel, [2][channels], of those of its chunks, and
 * decides by the rule. A group has a channel. */
KERNEL(64, 1, 1)
norm_join(__global float *moments, __global float *mixed, __global const float *partial, __global const float *gamma,
          __global const float *beta, __global const float *mean, __global const float *variance,
          __global const float *rules, int at, int channels, int count, int chunks, float eps, int is_virtual) {
  __local float t[LINE];
  __local float u[LINE];
  int c = (int)get_group_id(0);
  int i = (int)get_local_id(0);
  __global const float *part = partial + 2 * c * chunks;
  float sum = 0.0f;
  for (int k = i; k < chunks; k += LINE) {
    int n = count - k * CHUNK;
    sum = fma(part[2 * k], (float)(n < CHUNK ? n : CHUNK) / (float)count, sum);
  }
  float m = sum_of_group(t, LINE, sum);
  float rest = 0.0f;
  float squares = 0.0f;
  for (int k = i; k < chunks; k += LINE) {
    int n = count - k * CHUNK;
    float apart = part[2 * k] - m;
    float share = (float)(n < CHUNK ? n : CHUNK) / (float)count * apart;
    rest += share;
    squares += part[2 * k + 1] / (float)count + share * apart;
  }
  rest = sum_of_group(u, LINE, rest);
  /* Distances were taken from a mean that was off by rest. */
  float v = sum_of_group(t, LINE, squares) - rest * rest;
  m = corrected(m, rest);
  if (i != 0) {
    return;
  }
  v = v < 0.0f ? 0.0f : v;
  moments[c] = m;
  moments[channels + c] = v;
  float mode = rules[at + RULE_MODE];
  if (mode == NORM_BLEND) {
    blend(mixed, channels, c, mean[c], variance[c], m, v, rules + at, count, gamma[c], beta[c], eps);
  } else if (mode == NORM_GIVEN) {
    __global const float *given = rules + at + RULE_HEADER;
    decide(mixed, channels, c, given[c], given[channels + c], gamma[c], beta[c], eps);
  } else if (is_virtual) {
    leave(mixed, channels, c);
  } else {
    decide(mixed, channels, c, mean[c], variance[c], gamma[c], beta[c], eps);
  }
}

/* Values that a group of norm_apply normalizes. */
#define APPLY (4 * 256)

/* norm_apply normalizes n values and does the tail. The steps are what 256 values are in
 * channels, without whole rows, and in positions: they spare a division a value. */
KERNEL(256, 1, 1)
norm_apply(__global float *y, __global const float *x, __global const float *mixed, __global const float *add,
           int channels, int positions, int n, int channel_step, int position_step, int adds, int act, float a,
           float b) {
  int first = (int)get_group_id(0) * APPLY;
  int left = n - first < APPLY ? n - first : APPLY;
  int i = (int)get_local_id(0);
  if (i >= left) {
    return;
  }
  int position = (first + i) % positions;
  int c = (first + i) / positions % channels;
  for (; i < left; i += 256) {
    float v = fma(x[first + i] - mixed[c], mixed[channels + c], mixed[2 * channels + c]);
    if (adds) {
      v += add[first + i];
    }
    y[first + i] = activate(act, a, b, v);
    position += position_step;
    c += channel_step;
    if (position >= positions) {
      position -= positions;
      c++;
    }
    c -= c >= channels ? channels : 0;
  }
}

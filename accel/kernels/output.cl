/* What is done with a model's outputs: probabilities are moved to another prior, and
 * LAME makes rows with similar features answer alike (see accel.LAME for what it is).
 * Probabilities are [rows][classes], features [rows][width], affinities [rows][rows]. */

#define GLOBAL_BARRIER barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE)

/* prior_ratio has a group for each row. */
KERNEL(64, 1, 1)
prior_ratio(__global float *y, __global const float *p, __global const float *ratio, int classes) {
  __local float t[LINE];
  int first = (int)get_group_id(0) * classes;
  float sum = 0.0f;
  for (int k = (int)get_local_id(0); k < classes; k += LINE) {
    sum += p[first + k] * ratio[k];
  }
  sum = sum_of_group(t, LINE, sum);
  int moves = sum > 0.0f && sum < INFINITY;
  for (int k = (int)get_local_id(0); k < classes; k += LINE) {
    y[first + k] = moves ? p[first + k] * ratio[k] / sum : p[first + k];
  }
}

/* What is known of a row. */
#define ROW_ALONE 1 /* not finite: it hears nobody and is not heard */
#define ROW_ZERO 2  /* features without a direction */
#define ROW_GIVEN 4 /* its probabilities are finite */

/* Shorter features than this are not brought to length 1. */
#define SHORTEST 1e-12f

/* lame_units divides each row of features by its length, with a group a row. Values are
 * divided by the largest first, for their squares might not be floats. */
KERNEL(64, 1, 1)
lame_units(__global float *unit, __global int *states, __global const float *features, __global const float *q,
           int width, int classes) {
  __local float t[LINE];
  __local float u[LINE];
  int row = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  __global const float *x = features + row * width;
  float top = 0.0f;
  for (int k = lid; k < width; k += LINE) {
    top = larger(top, magnitude(x[k]));
  }
  top = largest_of_group(t, LINE, top);
  float total = 0.0f;
  for (int k = lid; k < classes; k += LINE) {
    total += q[row * classes + k];
  }
  total = sum_of_group(u, LINE, total);
  int given = total - total == 0.0f;
  int alone = !given || top - top != 0.0f;
  int none = alone || top == 0.0f;
  float sum = 0.0f;
  for (int k = lid; k < width; k += LINE) {
    float v = none ? 0.0f : x[k] / top;
    sum = fma(v, v, sum);
  }
  float length = sqrt(sum_of_group(t, LINE, sum));
  for (int k = lid; k < width; k += LINE) {
    float v = length * top < SHORTEST ? x[k] / SHORTEST : x[k] / top / length;
    unit[row * width + k] = none ? 0.0f : v;
  }
  if (lid == 0) {
    states[row] = (alone ? ROW_ALONE : 0) | (top == 0.0f ? ROW_ZERO : 0) | (given ? ROW_GIVEN : 0);
  }
}

/* lame_pairs compares all pairs of rows: linear with their products, else with half their
 * negative squared distance, which is taken from differences, so that equal rows are 0
 * apart. A group has a tile of 16 by 16 pairs. */
KERNEL(16, 16, 1)
lame_pairs(__global float *w, __global const float *unit, __global const int *states, int rows, int width,
           int linear) {
  __local float left[16][17];
  __local float right[16][17];
  int x = (int)get_local_id(0);
  int y = (int)get_local_id(1);
  int i = (int)get_group_id(1) * 16 + y;
  int j = (int)get_group_id(0) * 16 + x;
  int from = (int)get_group_id(0) * 16 + y; /* the row this item loads for right */
  float total = 0.0f;
  for (int k = 0; k < width; k += 16) {
    int inside = k + x < width;
    left[y][x] = inside && i < rows ? unit[i * width + k + x] : 0.0f;
    right[y][x] = inside && from < rows ? unit[from * width + k + x] : 0.0f;
    LOCAL_BARRIER;
    float sum = 0.0f;
    for (int d = 0; d < 16; d++) {
      float a = left[y][d];
      float b = right[x][d];
      sum = linear ? fma(a, b, sum) : fma(a - b, a - b, sum);
    }
    total += sum;
    LOCAL_BARRIER;
  }
  if (i >= rows || j >= rows) {
    return;
  }
  int apart = (states[i] | states[j]) & ROW_ALONE;
  if (linear) {
    float self = states[i] & ROW_ZERO ? 0.0f : 1.0f;
    w[i * rows + j] = apart ? 0.0f : i == j ? self : total;
  } else {
    w[i * rows + j] = apart ? -INFINITY : -0.5f * total;
  }
}

/* others_of counts the rows that are not alone. */
static int others_of(__local float *t, __global const int *states, int rows) {
  float n = 0.0f;
  for (int j = (int)get_local_id(0); j < rows; j += LINE) {
    n += states[j] & ROW_ALONE ? 0.0f : 1.0f;
  }
  return (int)sum_of_group(t, LINE, n);
}

/* lame_near goes through the rows nearest to each row, the nearest first and ties to the
 * lower index, with a group a row: for rbf, near is the distance of the one of rank
 * neighbors; for knn, those of them that are other rows are heard with weight 1. */
KERNEL(64, 1, 1)
lame_near(__global float *near, __global float *w, __global const float *pairs, __global const int *states, int rows,
          int neighbors, int knn) {
  __local float t[LINE];
  __local float u[LINE];
  __local int places[LINE];
  int row = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  int others = others_of(t, states, rows);
  int state = states[row];
  int skip = knn ? row : -1;
  int ranks = neighbors < others - knn ? neighbors : others - knn;
  if ((state & ROW_ALONE) || (knn && (state & ROW_ZERO))) {
    ranks = 0;
  }
  for (int j = lid; knn && j < rows; j += LINE) {
    w[row * rows + j] = 0.0f;
  }
  float half_found = INFINITY; /* of the last one found */
  int found = -1;
  for (int rank = 0; rank < ranks; rank++) {
    float best = -INFINITY;
    int at = rows;
    for (int j = lid; j < rows; j += LINE) {
      float h = pairs[row * rows + j];
      int later = h < half_found || (h == half_found && j > found);
      if (later && j != skip && h > best) {
        best = h;
        at = j;
      }
    }
    best_of_group(u, places, LINE, &best, &at);
    half_found = best;
    found = at;
    if (knn && found % LINE == lid) {
      w[row * rows + found] = 1.0f;
    }
    LOCAL_BARRIER; /* before the next rank's */
  }
  if (!knn && lid == 0) {
    near[row] = ranks > 0 ? sqrt(-2.0f * half_found) : 0.0f;
  }
}

/* A team is the items of a group that share a row. */
#define TEAM 16
#define TEAMS 16

static float sum_of_team(__local float *t, float v) {
  int i = (int)get_local_id(0);
  t[i] = v;
  LOCAL_BARRIER;
  for (int step = TEAM / 2; step > 1; step /= 2) {
    if (i % TEAM < step) {
      t[i] += t[i + step];
    }
    LOCAL_BARRIER;
  }
  return t[i / TEAM * TEAM] + t[i / TEAM * TEAM + 1];
}

static float largest_of_team(__local float *t, float v) {
  int i = (int)get_local_id(0);
  t[i] = v;
  LOCAL_BARRIER;
  for (int step = TEAM / 2; step > 1; step /= 2) {
    if (i % TEAM < step) {
      t[i] = larger(t[i], t[i + step]);
    }
    LOCAL_BARRIER;
  }
  return larger(t[i / TEAM * TEAM], t[i / TEAM * TEAM + 1]);
}

/* add_to adds v to the sum of two floats, the second of which has what the first has no
 * digits for: energies are compared to a part in 1e8. */
static void add_to(float *high, float *low, float v) {
  float sum = *high + v;
  float back = sum - *high;
  *low += (*high - (sum - back)) + (v - back);
  *high = sum;
}

/* total_of_group adds up sums of two floats of all items, in their order. */
static void total_of_group(__local float *highs, __local float *lows, float *high, float *low) {
  int lid = (int)get_local_id(0);
  highs[lid] = *high;
  lows[lid] = *low;
  LOCAL_BARRIER;
  *high = 0.0f;
  *low = 0.0f;
  for (int i = 0; i < TEAM * TEAMS; i++) {
    add_to(high, low, highs[i]);
    add_to(high, low, lows[i]);
  }
}

/* prior_of is what the iteration starts from; rows without an answer get one nobody asks
 * for. */
static float prior_of(__global const float *q, int state, int i) { return state & ROW_GIVEN ? q[i] + 1e-10f : 1.0f; }

/* heard_of is what a row hears of a class. */
static float heard_of(__global const float *w, __global const float *z, int row, int k, int rows, int classes) {
  float sum = 0.0f;
  for (int j = 0; j < rows; j++) {
    sum = fma(w[row * rows + j], z[j * classes + k], sum);
  }
  return sum;
}

/* lame_step writes softmax(log v + W z) for the row of each team, v alone where starts is
 * set, and adds the row's logarithm of sum v*e^(W z) to the sum of its team's first item. */
static void lame_step(__local float *t, __local float *u, __global float *to, __global const float *z, __global const float *w,
                      __global const float *q, __global const int *states, int row, int rows, int classes, int starts,
                      float *high, float *low) {
  int member = (int)get_local_id(0) % TEAM;
  int end = row < rows ? classes : 0;
  int state = row < rows ? states[row] : 0;
  float top = -INFINITY;
  for (int k = member; k < end; k += TEAM) {
    float heard = starts ? 0.0f : heard_of(w, z, row, k, rows, classes);
    to[row * classes + k] = heard;
    top = larger(top, heard);
  }
  top = largest_of_team(t, top);
  float sum = 0.0f;
  for (int k = member; k < end; k += TEAM) {
    float e = prior_of(q, state, row * classes + k) * exp_of(to[row * classes + k] - top);
    to[row * classes + k] = e;
    sum += e;
  }
  sum = sum_of_team(u, sum);
  for (int k = member; k < end; k += TEAM) {
    to[row * classes + k] /= sum;
  }
  if (member == 0 && row < rows) {
    add_to(high, low, top);
    add_to(high, low, log_of(sum));
  }
}

/* lame_objective adds up KL(z||v) - <z, W z>/2 over what the item sees to. */
static void lame_objective(__global const float *z, __global const float *w, __global const float *q,
                           __global const int *states, int rows, int classes, float *high, float *low) {
  for (int i = (int)get_local_id(0); i < rows * classes; i += TEAM * TEAMS) {
    int row = i / classes;
    float p = z[i];
    if (p > 0.0f) {
      float heard = heard_of(w, z, row, i - row * classes, rows, classes);
      add_to(high, low, p * (log_of(p / prior_of(q, states[row], i)) - 0.5f * heard));
    }
  }
}

/* What is left to do with affinities. */
#define WEIGHTS_READY 0
#define WEIGHTS_RBF 1    /* halved negative squared distances become a Gaussian */
#define WEIGHTS_MUTUAL 2 /* each is averaged with the one the other way */

/* lame_weights finishes the affinities. The Gaussian is as wide as the mean of near; where
 * all rows are equal, or nearly, only equal ones are alike. */
static void lame_weights(__local float *t, __global float *w, __global const float *near, int rows, int others,
                         int left) {
  int lid = (int)get_local_id(0);
  float sum = 0.0f;
  for (int i = lid; left == WEIGHTS_RBF && i < rows; i += TEAM * TEAMS) {
    sum += near[i];
  }
  float width = sum_of_group(t, TEAM * TEAMS, sum) / (float)others;
  for (int i = lid; left != WEIGHTS_READY && i < rows * rows; i += TEAM * TEAMS) {
    int other = i % rows * rows + i / rows;
    if (left == WEIGHTS_RBF) {
      float equal = w[i] == 0.0f ? 1.0f : 0.0f;
      w[i] = width >= SHORTEST ? exp_of(w[i] / (width * width)) : equal;
    } else if (i < other) {
      float mean = 0.5f * (w[i] + w[other]);
      w[i] = mean;
      w[other] = mean;
    }
  }
  GLOBAL_BARRIER;
}

/* lame_solve iterates until the energy rests, all in one group: where it does not settle,
 * the better of the last two iterates answers. z and next are [rows][classes]. */
KERNEL(256, 1, 1)
lame_solve(__global float *y, __global float *z, __global float *next, __global float *w, __global const float *near,
           __global const float *q, __global const int *states, int rows, int classes, int most, int left) {
  __local float t[TEAM * TEAMS];
  __local float u[TEAM * TEAMS];
  __local float lows[TEAM * TEAMS];
  int lid = (int)get_local_id(0);
  int others = 0;
  for (int i = 0; i < rows; i++) {
    others += states[i] & ROW_ALONE ? 0 : 1;
  }
  if (rows == 1 || others == 0) { /* nobody hears anybody */
    for (int i = lid; i < rows * classes; i += TEAM * TEAMS) {
      y[i] = q[i];
    }
    return;
  }
  lame_weights(t, w, near, rows, others, left);
  float high = 0.0f;
  float low = 0.0f;
  for (int row = lid / TEAM; row - lid / TEAM < rows; row += TEAMS) {
    lame_step(t, u, z, z, w, q, states, row, rows, classes, 1, &high, &low);
  }
  GLOBAL_BARRIER;
  float before_high = INFINITY;
  float before_low = 0.0f;
  int settled = 0;
  for (int steps = 1; steps <= most && !settled; steps++) {
    high = 0.0f;
    low = 0.0f;
    for (int row = lid / TEAM; row - lid / TEAM < rows; row += TEAMS) {
      lame_step(t, u, next, z, w, q, states, row, rows, classes, 0, &high, &low);
    }
    total_of_group(t, lows, &high, &low);
    float moved = (high - before_high) + (low - before_low);
    settled = steps >= 3 && magnitude(moved) <= 1e-8f * magnitude(before_high);
    before_high = high;
    before_low = low;
    __global float *last = z;
    z = next;
    next = last;
    GLOBAL_BARRIER;
  }
  if (!settled) {
    high = 0.0f;
    low = 0.0f;
    lame_objective(z, w, q, states, rows, classes, &high, &low);
    total_of_group(t, lows, &high, &low);
    LOCAL_BARRIER;
    before_high = 0.0f;
    before_low = 0.0f;
    lame_objective(next, w, q, states, rows, classes, &before_high, &before_low);
    total_of_group(t, lows, &before_high, &before_low);
    z = (before_high - high) + (before_low - low) < 0.0f ? next : z;
  }
  for (int i = lid; i < rows * classes; i += TEAM * TEAMS) {
    y[i] = states[i / classes] & ROW_GIVEN ? z[i] : q[i];
  }
}

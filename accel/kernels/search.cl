/* The search for the keys most similar to queries, by inner product, the most similar
 * first and ties to the lower slot. A similarity that is not finite is never found. */

/* Slots that a group of search_best looks through. */
#define SLOTS 1024

/* search_prepare does with its first n groups what queries need and with the others what
 * keys do. A group has a row: of features, [n][features], the first width values of which
 * are divided by their length, or of rows, [..][width], which goes into its slot among
 * keys. Features without a direction become NaN, to which nothing is similar. */
KERNEL(64, 1, 1)
search_prepare(__global float *unit, __global const float *x, __global float *keys, __global const float *rows,
               __global const int *slots, int n, int features, int width) {
  __local float t[LINE];
  __local float u[LINE];
  int row = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  int end = row < n ? width : 0; /* groups with keys meet the barriers with nothing to do */
  float top = 0.0f;
  for (int k = lid; k < end; k += LINE) {
    top = larger(top, magnitude(x[row * features + k]));
  }
  top = largest_of_group(t, LINE, top);
  float sum = 0.0f;
  for (int k = lid; k < end; k += LINE) {
    float v = x[row * features + k] / top;
    sum = fma(v, v, sum);
  }
  float length = sqrt(sum_of_group(u, LINE, sum));
  for (int k = lid; k < end; k += LINE) {
    unit[row * width + k] = x[row * features + k] / top / length;
  }
  for (int k = lid; row >= n && k < width; k += LINE) {
    keys[slots[row - n] * width + k] = rows[(row - n) * width + k];
  }
}

/* search_scores multiplies count keys, from slot first on, with n queries, from query from
 * on: scores is [n][count]. A group has a tile of 16 by 16; how a product is summed up
 * depends on nothing but width. */
KERNEL(16, 16, 1)
search_scores(__global float *scores, __global const float *queries, __global const float *keys, int from, int n,
              int first, int count, int width) {
  __local float left[16][17];
  __local float right[16][17];
  int x = (int)get_local_id(0);
  int y = (int)get_local_id(1);
  int query = (int)get_group_id(1) * 16 + y;
  int key = (int)get_group_id(0) * 16 + x;
  int load = (int)get_group_id(0) * 16 + y; /* the key this item loads */
  float total = 0.0f;
  for (int k = 0; k < width; k += 16) {
    int inside = k + x < width;
    left[y][x] = inside && query < n ? queries[(from + query) * width + k + x] : 0.0f;
    right[y][x] = inside && load < count ? keys[(first + load) * width + k + x] : 0.0f;
    LOCAL_BARRIER;
    float sum = 0.0f;
    for (int d = 0; d < 16; d++) {
      sum = fma(left[y][d], right[x][d], sum);
    }
    total += sum;
    LOCAL_BARRIER;
  }
  if (query < n && key < count) {
    scores[query * count + key] = total;
  }
}

/* comes_later reports whether one found is behind another in order. */
static int comes_later(float s, int slot, float than, int than_slot) {
  return s < than || (s == than && slot > than_slot);
}

/* search_best finds the k best slots of each query and chunk of scores: best and slots are
 * [n][chunks][k], with a group for each; where there are none left, slot -1. */
KERNEL(64, 1, 1)
search_best(__global float *best, __global int *slots, __global const float *scores, int first, int count, int chunks,
            int k) {
  __local float t[LINE];
  __local int places[LINE];
  int group = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  int begin = group % chunks * SLOTS;
  int end = begin + SLOTS < count ? begin + SLOTS : count;
  __global const float *line = scores + group / chunks * count;
  float last = INFINITY;
  int last_slot = -1;
  for (int rank = 0; rank < k; rank++) {
    float top = -INFINITY;
    int at = count;
    for (int i = begin + lid; i < end; i += LINE) {
      float s = line[i];
      if (s - s == 0.0f && s > top && comes_later(s, i, last, last_slot)) {
        top = s;
        at = i;
      }
    }
    best_of_group(t, places, LINE, &top, &at);
    last = top;
    last_slot = at;
    if (lid == 0) {
      best[group * k + rank] = top;
      slots[group * k + rank] = at < count ? first + at : -1;
    }
    LOCAL_BARRIER; /* before the next rank's */
  }
}

/* search_merge finds the k best of what each query has: k found before, unless none is set,
 * and more found since. found and slots are [n][k], from query from on; where there are
 * fewer than k, slot -1 and similarity 0. A group has a query. */
KERNEL(64, 1, 1)
search_merge(__global float *found, __global int *found_slots, __global const float *before,
             __global const int *before_slots, __global const float *since, __global const int *since_slots, int from,
             int k, int more, int none) {
  __local float t[LINE];
  __local int places[LINE];
  int query = (int)get_group_id(0);
  int lid = (int)get_local_id(0);
  int have = none ? 0 : k;
  int old = (from + query) * k;
  float last = INFINITY;
  int last_slot = -1;
  for (int rank = 0; rank < k; rank++) {
    float top = -INFINITY;
    int slot = 0x7fffffff;
    for (int i = lid; i < have + more; i += LINE) {
      float s = i < have ? before[old + i] : since[query * more + i - have];
      int candidate = i < have ? before_slots[old + i] : since_slots[query * more + i - have];
      if (candidate >= 0 && comes_later(s, candidate, last, last_slot) && (s > top || (s == top && candidate < slot))) {
        top = s;
        slot = candidate;
      }
    }
    best_of_group(t, places, LINE, &top, &slot);
    last = top;
    last_slot = slot;
    if (lid == 0) {
      int any = slot != 0x7fffffff;
      found[old + rank] = any ? top : 0.0f;
      found_slots[old + rank] = any ? slot : -1;
    }
    LOCAL_BARRIER; /* before the next rank's */
  }
}

/* What the items of a group work out together, always in trees of one shape, so that
 * the last bits do not depend on who came first. Every item of the group calls these,
 * with local memory of an element an item, which they read to the end: it may be used
 * again behind another barrier only, so that two calls in a row take two arrays. */

/* Items of a group that has one line of a tensor to itself: most lines are short. */
#define LINE 64

static float sum_of_group(__local float *t, int items, float v) {
  int i = (int)get_local_id(0);
  t[i] = v;
  LOCAL_BARRIER;
  for (int step = items / 2; step > 1; step /= 2) {
    if (i < step) {
      t[i] += t[i + step];
    }
    LOCAL_BARRIER;
  }
  return t[0] + t[1];
}

/* larger and smaller are not numbers where either operand is not. */
static float larger(float a, float b) { return a > b || a != a ? a : b; }

static float smaller(float a, float b) { return a < b || a != a ? a : b; }

static float largest_of_group(__local float *t, int items, float v) {
  int i = (int)get_local_id(0);
  t[i] = v;
  LOCAL_BARRIER;
  for (int step = items / 2; step > 1; step /= 2) {
    if (i < step) {
      t[i] = larger(t[i], t[i + step]);
    }
    LOCAL_BARRIER;
  }
  return larger(t[0], t[1]);
}

/* corrected adds to a rounded mean what the values' distances from it add up to,
 * where that is a number: an infinite mean stays infinite. */
static float corrected(float mean, float rest) { return rest - rest == 0.0f ? mean + rest : mean; }

/* best_of_group finds the largest value of all items, and of equal ones that at the lowest
 * place: every item gets both. */
static void best_of_group(__local float *t, __local int *places, int items, float *v, int *place) {
  int i = (int)get_local_id(0);
  t[i] = *v;
  places[i] = *place;
  LOCAL_BARRIER;
  for (int step = items / 2; step > 1; step /= 2) {
    if (i < step) { /* every item writes, as checkers of races want it */
      float a = t[i];
      float b = t[i + step];
      int left = places[i];
      int right = places[i + step];
      int second = b > a || (b == a && right < left);
      t[i] = second ? b : a;
      places[i] = second ? right : left;
    }
    LOCAL_BARRIER;
  }
  float a = t[0];
  float b = t[1];
  int second = b > a || (b == a && places[1] < places[0]);
  *v = second ? b : a;
  *place = second ? places[1] : places[0];
}

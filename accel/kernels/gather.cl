/* Elements picked by index: whole numbers held in floats, negative ones counted from
 * the end of the axis. */

static int fits_axis(float index, int extent) {
  if (!(magnitude(index) < 2147483648.0f)) {
    return 0;
  }
  int place = (int)index;
  return (float)place == index && place >= -extent && place < extent;
}

/* check_indices sets a fault when one of n indices does not fit an axis. One group
 * looks at all of them, and one item writes. */
KERNEL(256, 1, 1) check_indices(__global int *faults, int fault, __global const float *indices, int n, int extent) {
  __local int wrong[GROUP];
  int item = (int)get_local_id(0), bad = 0;
  for (int i = item; i < n; i += GROUP) {
    bad |= !fits_axis(indices[i], extent);
  }
  wrong[item] = bad;
  for (int half_way = GROUP / 2; half_way > 0; half_way /= 2) {
    LOCAL_BARRIER;
    if (item < half_way) {
      wrong[item] |= wrong[item + half_way];
    }
  }
  LOCAL_BARRIER; /* compilers may have every item read wrong[0] */
  if (item == 0 && wrong[0]) {
    faults[fault] = 1;
  }
}

/* gather_each fills y, which has for every index of the axes before extent, and for
 * each of count indices, a stretch of x. An index that does not fit gives 0. */
KERNEL(256, 1, 1) gather_each(__global float *y, __global const float *x, __global const float *indices, int n,
                              int stretch, int count, int extent) {
  int i = (int)get_global_id(0);
  if (i >= n) {
    return;
  }
  int line = i / stretch;
  float index = indices[line % count];
  float picked = 0;
  if (fits_axis(index, extent)) {
    int place = index < 0 ? (int)index + extent : (int)index;
    picked = x[(line / count * extent + place) * stretch + i % stretch];
  }
  y[i] = picked;
}

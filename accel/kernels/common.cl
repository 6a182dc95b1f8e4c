/* What every kernel may use. The dialect is described in doc.go. */

#define KERNEL(x, y, z) __kernel __attribute__((reqd_work_group_size(x, y, z))) void

/* a*b + c is rounded twice, as clang does for PTX; where once is wanted, it says fma. */
#pragma OPENCL FP_CONTRACT OFF

/* Items of a group of the kernels that have one axis. */
#define GROUP 256

#define LOCAL_BARRIER barrier(CLK_LOCAL_MEM_FENCE)

/* within reports whether 0 <= i < n, for an n that is not negative, in one comparison. */
static int within(int i, int n) { return (unsigned)i < (unsigned)n; }

/* fill writes value to the first n floats of y. */
KERNEL(256, 1, 1) fill(__global float *y, int n, float value) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[i] = value;
  }
}

/* copy writes the first n floats of x to y. */
KERNEL(256, 1, 1) copy(__global float *y, __global const float *x, int n) {
  int i = (int)get_global_id(0);
  if (i < n) {
    y[i] = x[i];
  }
}

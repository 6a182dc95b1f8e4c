/* The few built-in functions of OpenCL C that the dialect uses, for clang's NVPTX
 * backend, which knows the language but brings no library. Not used by OpenCL. */
#define CLK_LOCAL_MEM_FENCE 1
#define CLK_GLOBAL_MEM_FENCE 2
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")

#define AXIS(f, axis) ((axis) == 0 ? f##_x() : (axis) == 1 ? f##_y() : f##_z())
#define get_local_id(axis) AXIS(__nvvm_read_ptx_sreg_tid, axis)
#define get_group_id(axis) AXIS(__nvvm_read_ptx_sreg_ctaid, axis)
#define get_local_size(axis) AXIS(__nvvm_read_ptx_sreg_ntid, axis)
#define get_num_groups(axis) AXIS(__nvvm_read_ptx_sreg_nctaid, axis)
#define get_global_id(axis) (get_group_id(axis) * get_local_size(axis) + get_local_id(axis))
#define get_global_size(axis) (get_num_groups(axis) * get_local_size(axis))
#define barrier(fence) __syncthreads()

#define fma(a, b, c) __builtin_fmaf(a, b, c)
#define fmin(a, b) __builtin_fminf(a, b)
#define fmax(a, b) __builtin_fmaxf(a, b)
#define sqrt(a) __nvvm_sqrt_rn_f(a)
#define as_int(a) __builtin_astype(a, int)
#define as_float(a) __builtin_astype(a, float)

/* A libcuda.so.1 for tests: the functions that ttad calls, with the types that
 * NVIDIA's cuda.h gives them. Each hands its name, the calling thread and its
 * arguments, widened to 64 bits, to the Go function that double_handle was given. */
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef int (*handler)(const char *call, int64_t thread, const uint64_t *args);
static handler handle;

void double_handle(handler h) { handle = h; }

#define W(x) ((uint64_t)(x))
#define FORWARD(...)                                                                 \
  {                                                                                  \
    const uint64_t args[] = {__VA_ARGS__};                                           \
    return handle ? handle(__func__, (int64_t)syscall(SYS_gettid), args) : 3;        \
  }

typedef int CUresult;
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef void *CUcontext, *CUmodule, *CUfunction, *CUstream, *CUevent;
typedef unsigned int uint;

CUresult cuInit(uint flags) FORWARD(flags)
CUresult cuDriverGetVersion(int *version) FORWARD(W(version))
CUresult cuGetErrorName(CUresult error, const char **text) FORWARD(W(error), W(text))
CUresult cuGetErrorString(CUresult error, const char **text) FORWARD(W(error), W(text))

CUresult cuDeviceGetCount(int *count) FORWARD(W(count))
CUresult cuDeviceGet(CUdevice *device, int ordinal) FORWARD(W(device), W(ordinal))
CUresult cuDeviceGetName(char *name, int length, CUdevice device) FORWARD(W(name), W(length), W(device))
CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) FORWARD(W(bytes), W(device))
CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) FORWARD(W(value), W(attribute), W(device))

CUresult cuCtxCreate_v2(CUcontext *context, uint flags, CUdevice device) FORWARD(W(context), flags, W(device))
CUresult cuCtxDestroy_v2(CUcontext context) FORWARD(W(context))

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, uint n, int *options, void **values)
    FORWARD(W(module), W(image), n, W(options), W(values))
CUresult cuModuleUnload(CUmodule module) FORWARD(W(module))
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
    FORWARD(W(function), W(module), W(name))
CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction function) FORWARD(W(value), W(attribute), W(function))

CUresult cuMemAlloc_v2(CUdeviceptr *memory, size_t bytes) FORWARD(W(memory), bytes)
CUresult cuMemFree_v2(CUdeviceptr memory) FORWARD(memory)
CUresult cuMemGetInfo_v2(size_t *unused, size_t *total) FORWARD(W(unused), W(total))
CUresult cuMemAllocHost_v2(void **memory, size_t bytes) FORWARD(W(memory), bytes)
CUresult cuMemFreeHost(void *memory) FORWARD(W(memory))

CUresult cuStreamCreate(CUstream *stream, uint flags) FORWARD(W(stream), flags)
CUresult cuStreamDestroy_v2(CUstream stream) FORWARD(W(stream))
CUresult cuStreamSynchronize(CUstream stream) FORWARD(W(stream))
CUresult cuEventCreate(CUevent *event, uint flags) FORWARD(W(event), flags)
CUresult cuEventDestroy_v2(CUevent event) FORWARD(W(event))
CUresult cuEventRecord(CUevent event, CUstream stream) FORWARD(W(event), W(stream))
CUresult cuEventQuery(CUevent event) FORWARD(W(event))

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
    FORWARD(to, W(from), bytes, W(stream))
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
    FORWARD(W(to), from, bytes, W(stream))
CUresult cuLaunchKernel(CUfunction function, uint gx, uint gy, uint gz, uint bx, uint by, uint bz, uint shared,
                        CUstream stream, void **params, void **extra)
    FORWARD(W(function), gx, gy, gz, bx, by, bz, shared, W(stream), W(params), W(extra))

/* A libcublas.so for tests: what ttad calls of it, with the types that NVIDIA's
 * cublas_v2.h and cublas_api.h give it. See libcuda.c. */
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
    return handle ? handle(__func__, (int64_t)syscall(SYS_gettid), args) : 1;        \
  }

typedef int cublasStatus_t;
typedef void *cublasHandle_t, *cudaStream_t;

cublasStatus_t cublasCreate_v2(cublasHandle_t *made) FORWARD(W(made))
cublasStatus_t cublasDestroy_v2(cublasHandle_t h) FORWARD(W(h))
cublasStatus_t cublasSetStream_v2(cublasHandle_t h, cudaStream_t stream) FORWARD(W(h), W(stream))
cublasStatus_t cublasSgemm_v2(cublasHandle_t h, int transa, int transb, int m, int n, int k, const float *alpha,
                              const float *a, int lda, const float *b, int ldb, const float *beta, float *c, int ldc)
    FORWARD(W(h), W(transa), W(transb), W(m), W(n), W(k), W(alpha), W(a), W(lda), W(b), W(ldb), W(beta), W(c), W(ldc))

/* Products of matrices in tiles, for conv.cl and gemm.cl.
 *
 * A group of 256 items computes 64 lines by 64 columns of a product: item i a patch of
 * 4 by 4, from line 4*(i/16) and column 4*(i%16) on. Both operands pass through local
 * memory, 16 of their common depth at a time; the next 16 are on their way into
 * registers meanwhile. An element's products are added in the order of the depth.
 *
 * What that is worth, on paper: for 16 of the depth an item does 256 fma and, beside
 * them, 32 loads of 16 bytes from local memory, 8 loads from global memory, 8 stores
 * and some 50 operations on indices. Of the instructions about 70 in 100 are fma; a
 * warp's local loads take 48 cycles of the 64 that its fma take on four schedulers,
 * and 16 operations fall on a byte from global memory or its cache. So half of a
 * card's peak is within reach where tiles fill it, and no more than that. */

#define TILE 64
#define DEPTH 16
#define PATCH 4

/* Distance of two depths of a tile in local memory: 64 lines, and 4 more so that the 16
 * depths an operand may be stored along fall into different banks, still at 16 bytes. */
#define PITCH 68

/* Both tiles; later 32 lines of the result, see tile_keep. */
#define TILE_FLOATS (2 * DEPTH * PITCH)

/* What an item brings of each tile of an operand: four elements, the first at line and
 * depth, each of the others so many lines and depths on. */
typedef struct {
  int line, lines, depth, depths;
} share;

/* share_of has neighbouring items bring neighbouring elements: those of one line where
 * an operand lies along its depth, else those of one depth. */
static share share_of(int item, int along_depth) {
  share s;
  s.line = along_depth ? item / DEPTH : item % TILE;
  s.lines = along_depth ? GROUP / DEPTH : 0;
  s.depth = along_depth ? item % DEPTH : item / TILE;
  s.depths = along_depth ? 0 : GROUP / TILE;
  return s;
}

/* tile_bring reads an item's share of the tile at first and k of a matrix with strides.
 * Outside of lines and depth there is 0. */
static void tile_bring(float *held, __global const float *from, share s, int first, int lines,
                       int line_stride, int k, int depth, int depth_stride) {
#pragma unroll
  for (int i = 0; i < PATCH; i++) {
    int line = first + s.line + i * s.lines;
    int d = k + s.depth + i * s.depths;
    held[i] = line < lines && d < depth ? from[line * line_stride + d * depth_stride] : 0;
  }
}

/* tile_put stores what an item holds of a tile. */
static void tile_put(__local float *tile, share s, const float *held) {
#pragma unroll
  for (int i = 0; i < PATCH; i++) {
    tile[(s.depth + i * s.depths) * PITCH + s.line + i * s.lines] = held[i];
  }
}

/* tile_multiply adds the products of two tiles to an item's patch. */
static void tile_multiply(float *sum, __local const float *left, __local const float *right, int item) {
  left += item / 16 * PATCH;
  right += item % 16 * PATCH;
#pragma unroll
  for (int k = 0; k < DEPTH; k++) {
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
#pragma unroll
      for (int j = 0; j < PATCH; j++) {
        sum[i * PATCH + j] = fma(left[k * PITCH + i], right[k * PITCH + j], sum[i * PATCH + j]);
      }
    }
  }
}

/* tile_keep stores the first 32 lines of the result, or the lower ones, in local memory,
 * PITCH apart, from where neighbouring items can write neighbouring columns. */
static void tile_keep(__local float *tile, int lower, const float *sum, int item) {
  int line = item / 16 * PATCH - lower * TILE / 2;
  if (line < 0 || line >= TILE / 2) {
    return;
  }
#pragma unroll
  for (int i = 0; i < PATCH; i++) {
#pragma unroll
    for (int j = 0; j < PATCH; j++) {
      tile[(line + i) * PITCH + item % 16 * PATCH + j] = sum[i * PATCH + j];
    }
  }
}

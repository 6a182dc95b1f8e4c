/* Products of matrices in tiles, for conv.cl and gemm.cl.
 *
 * A group of 256 items computes 4096 elements of a product: so many lines, a constant of
 * the kernel, by so many columns. Item i does a patch of 4 by 4, patches being numbered
 * row by row. Both operands pass through local memory, 16 of their common depth at a
 * time; the next 16 are on their way into registers meanwhile. An element's products are
 * added in the order of the depth.
 *
 * What that is worth, on paper, for 64 by 64: for 16 of the depth an item does 256 fma
 * and, beside them, 32 loads of 16 bytes from local memory, 8 loads of elements, 8 stores
 * and operations on indices. Of the PTX instructions of that loop fma are 68 in 100 in
 * matmul, 62 in conv and 52 in conv_flat. A warp's local loads take 48 cycles of the 64
 * that its fma take on four schedulers, and 16 operations fall on a byte from global
 * memory or its cache. So about half of a card's peak is within reach where tiles are
 * full, and no more than that. */

#define TILE 64
#define DEPTH 16
#define PATCH 4

#define TILE_COLUMNS(lines) (PATCH * PATCH * GROUP / (lines))

/* Distance of two depths of a tile in local memory: 4 more than its lines, so that the 16
 * depths an operand may be stored along fall into different banks, still at 16 bytes. */
#define PITCH(lines) ((lines) + 4)

/* Both tiles; later half of the result, see tile_keep. */
#define TILE_FLOATS(lines) (DEPTH * (PITCH(lines) + PITCH(TILE_COLUMNS(lines))))

/* What an item brings of each tile of an operand: count elements, the first at line and
 * depth, each of the others so many lines and depths on. Lines of the right operand are
 * the product's columns. */
typedef struct {
  int count, line, lines, depth, depths;
} share;

/* The most elements in a share, of 128 lines. Loops over a share all go that far, past
 * its count: an array stays in registers if every index is a constant. */
#define SHARE 8

/* share_of has neighbouring items bring neighbouring elements: those of one line where
 * an operand lies along its depth, else those of one depth. */
static share share_of(int item, int lines, int along_depth) {
  share s;
  s.count = lines * DEPTH / GROUP;
  s.line = along_depth ? item / DEPTH : item % lines;
  s.lines = along_depth ? GROUP / DEPTH : 0;
  s.depth = along_depth ? item % DEPTH : item / lines;
  s.depths = along_depth ? 0 : GROUP / lines;
  return s;
}

/* tile_bring reads an item's share of the tile at first and k of a matrix with strides.
 * Outside of lines and depth there is 0. */
static void tile_bring(float *held, __global const float *from, share s, int first, int lines,
                       int line_stride, int k, int depth, int depth_stride) {
#pragma unroll
  for (int i = 0; i < SHARE; i++) {
    int line = first + s.line + i * s.lines;
    int d = k + s.depth + i * s.depths;
    held[i] = i < s.count && line < lines && d < depth ? from[line * line_stride + d * depth_stride] : 0;
  }
}

/* tile_put stores what an item holds of a tile. */
static void tile_put(__local float *tile, int pitch, share s, const float *held) {
#pragma unroll
  for (int i = 0; i < SHARE; i++) {
    if (i < s.count) {
      tile[(s.depth + i * s.depths) * pitch + s.line + i * s.lines] = held[i];
    }
  }
}

/* tile_multiply adds the products of both tiles to an item's patch. */
static void tile_multiply(float *sum, __local const float *tile, int lines, int item) {
  int patches = TILE_COLUMNS(lines) / PATCH; /* side by side */
  __local const float *left = tile + item / patches * PATCH;
  __local const float *right = tile + DEPTH * PITCH(lines) + item % patches * PATCH;
#pragma unroll
  for (int k = 0; k < DEPTH; k++) {
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
#pragma unroll
      for (int j = 0; j < PATCH; j++) {
        sum[i * PATCH + j] = fma(left[k * PITCH(lines) + i], right[k * PITCH(TILE_COLUMNS(lines)) + j],
                                 sum[i * PATCH + j]);
      }
    }
  }
}

/* tile_keep stores the upper or the lower half of the result in local memory, lines as
 * far apart as depths of the right operand were, from where neighbouring items can write
 * neighbouring columns. */
static void tile_keep(__local float *tile, int lines, int lower, const float *sum, int item) {
  int patches = TILE_COLUMNS(lines) / PATCH;
  int line = item / patches * PATCH - lower * lines / 2;
  if (line < 0 || line >= lines / 2) {
    return;
  }
#pragma unroll
  for (int i = 0; i < PATCH; i++) {
#pragma unroll
    for (int j = 0; j < PATCH; j++) {
      tile[(line + i) * PITCH(TILE_COLUMNS(lines)) + item % patches * PATCH + j] = sum[i * PATCH + j];
    }
  }
}

/* What is done to element i of a result, which belongs to a channel, before it is
 * written: bias and another value are added, a function is applied. */
typedef struct {
  __global const float *bias;
  int has_bias;
  __global const float *add;
  int has_add, act;
  float act_a, act_b;
} ending;

static float ended(ending e, int i, int channel, float v) {
  if (e.has_bias) {
    v += e.bias[channel];
  }
  if (e.has_add) {
    v += e.add[i];
  }
  return activate(e.act, e.act_a, e.act_b, v);
}

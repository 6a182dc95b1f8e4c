// Package cpu runs accel programs on the processor. It is always there: Go, and
// generated assembly for AVX-512, AVX2 and NEON, found at run time or chosen with
// Config.ISA; no cgo. The tag purego leaves the assembly out.
//
// Compile turns a program into a plan (plan.go) or, where it has norms, three: a
// folded one for runs in which every norm keeps its source moments (fold.go melts
// them into the weights before them), one that normalizes at run time, and one that
// does so with given moments, for which nothing waits (keep.go). They have their
// packed weights in common (packs.go). Additions and functions of one value that
// follow a kernel become its tail (fuse.go), applied while the result is in registers
// or in cache. An exec tells its plans (explain.go).
//
// A plan is a list of kernels, cut into segments (segment.go, cut.go): runs of
// kernels that keep the rows of the batch apart. A worker takes a chunk of rows, a
// few images, from a segment's first kernel to its last (chunk.go), so that what one
// leaves is in cache when the next reads it. Kernels see a frame (frame.go), the
// chunk's or the whole batch's (batch.go), and need not know which. Norms that take
// moments of the batch end a segment, and are steps of their own on either side of
// that end (norm.go). Memory is laid out by liveness (arena.go), in each worker's
// arena for what does not outlive its segment and in the batch's for the rest.
//
// Images lie in channel blocks (layout.go) wherever kernels on both sides can do
// with them (blocks.go, chooser.go). Convolutions of blocks read their windows in place
// (direct.go), go through Winograd's transforms (winograd.go, winogradplan.go), or
// keep channels apart as pools do (blockdepthwise.go, blockpool.go).
//
// The arithmetic is in the packages below: kernel multiplies, vector does the rest.
// Matrix products (matmul.go) read their left side row by row and have the right one
// packed in panels (panels.go); one that stands in attention reads and writes its
// matrices where the moves around it would have left them, and those moves are not
// made (attention.go, hoist.go, layproduct.go, strided.go). One team of workers per
// device (team.go) shares out the chunks of each segment, or the tasks of each kernel
// where chunks are fewer than workers; in between its workers spin for a moment before
// they sleep (teamworker.go). No result depends on how many workers there are: every
// element is computed by one task, and batch moments are summed in chunks that the
// shape alone decides, added up in order.
//
// An index of keys (index.go) is searched with a register tile of its own (tile.go,
// sift.go), written by hand for AVX-512 and AVX2, which compares sums before they
// leave the registers and keeps only what ranks (finds.go); among many keys, most
// are ruled out by eight-bit codes before (coarse.go, candidates.go).
//
// The package knows no models. Its results are compared with accel/plain by
// accel/acceltest.
package cpu

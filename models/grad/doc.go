// Package grad turns an accel.Program into something that can be differentiated
// and trained: the same program a device runs, rebuilt as a gorgonia graph with
// some of its constants learnable. It trains the demo's model, and it is the
// second opinion that tests hold other gradients against.
//
// It is not on the hot path: convolutions here run at a few GFLOP/s. It is the
// only package that imports gorgonia, and no gorgonia type crosses its wall.
//
// Three of gorgonia 0.9.18's own operators are not used, and ops here take their
// place on its graph. BatchNorm keeps running statistics that mix up batch sizes
// and its hash does not tell two of them apart; SoftMax subtracts one maximum for
// the whole batch, which underflows to NaN once rows differ by about a hundred;
// GlobalAveragePool2D has no gradient.
//
// Next: cmd-free training program internal/demo/train.
package grad

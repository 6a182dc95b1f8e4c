// Package grad turns an accel.Program into something that can be differentiated
// and trained: the same program a device runs, rebuilt as a gorgonia graph with
// some of its constants learnable. It trains the demo's model and the label shift
// adapter, and it is the second opinion that tests hold other gradients against.
//
// It is not on the hot path: convolutions here run at a few GFLOP/s. It is the
// only package that imports gorgonia, and no gorgonia type crosses its wall.
//
// Three of gorgonia 0.9.18's own operators are not used; ops of this package take
// their place on its graph. BatchNorm forgets its stored moments whenever a machine
// is made for training; SoftMax subtracts one maximum for the whole batch, which
// ends in NaN when rows differ by about a hundred; GlobalAveragePool2D has no
// gradient.
//
// Next: internal/demo/train and internal/fit, which train with it.
package grad

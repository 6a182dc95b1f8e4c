// Package bnstats is an instrument: arithmetic of normalization moments, the
// per-channel mean and variance a BatchNormalization node works with. It
// accumulates, merges, blends, pools and compares them, and knows no layer, model,
// device or strategy. Devices do the same arithmetic inside a forward
// (accel.NormRule); tests hold the two together.
package bnstats

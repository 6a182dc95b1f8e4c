// Package fit makes, offline and from labelled source rows, the files that the
// labelshift strategy reads: the label shift adapter, trained with models/grad, and
// the confusion matrix of the frozen model. The model runs once over the rows
// (Forward); everything after works on its cached features and logits.
//
// The adapter is that of Park et al., Label shift adapter for test-time adaptation
// under covariate and label shifts, ICCV 2023, arXiv 2308.08810, as far as its
// text tells: constants, network and schedule are ours.
//
// It never runs in the daemon. Next: labelshift.Adapter, which serves what is
// trained here; cmd/ttad/fit.go, the commands.
package fit

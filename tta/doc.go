// Package tta is the adaptation domain: batches, strategies as sets of stages,
// pipelines of strategies, groups of pipelines on one frozen model, and the
// guard that answers from the source view when a pipeline collapses.
//
// It knows no NATS, no YAML and no kernels, and none of its strategies: each
// lives in its own package below and is listed in tta/builtin. tta/ttatest checks
// the laws every strategy keeps.
package tta

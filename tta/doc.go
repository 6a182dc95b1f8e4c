// Package tta is the adaptation domain: batches, strategies as sets of stages,
// pipelines of strategies, groups of pipelines on one frozen model, and the
// guard that answers from the source view when a pipeline collapses.
//
// Labels that come late are found their rows in the ledger, scored (test, then
// learn) and handed to the strategies that learn from them.
//
// It knows no NATS, no YAML and no kernels, and none of its strategies: each
// lives in its own package below and is listed in tta/builtin. tta/ttatest checks
// the laws every strategy keeps.
//
// Next: strategy.go for what a strategy is, step.go and settle.go for a batch's
// way, labels.go and ledger.go for a label's, standing.go for scores.
package tta

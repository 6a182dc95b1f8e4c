// Package replay runs a configured group over rows from files instead of a bus,
// through the same model, pipelines and guard as the daemon, and scores every
// pipeline against the source model in arrival order.
//
// It owns no adaptation and no batching rule but one: batches of the
// configuration's max_rows in order, the last one short.
package replay

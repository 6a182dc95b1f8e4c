// Package replay runs a configured group over rows from files instead of a bus,
// through the same model, pipelines and guard as the daemon, and scores every
// pipeline against the source model in arrival order: first the answer is scored,
// then something is learned from it (prequential; Dawid 1984). Labels reach
// learners as many rows late as asked for.
//
// It owns no adaptation and no batching rule but one: batches of the
// configuration's max_rows in order, the last one short. Player plays a stream and
// is what package internal/tune searches with; Run plays it to the end and reports.
package replay

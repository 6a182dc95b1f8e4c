package replay

import (
	"context"
	"fmt"
	"time"

	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// Options of a run.
type Options struct {
	Out      string                // folder for probabilities, summary and curves; empty: none
	Progress func(done, total int) // after every batch; nil: none
}

// Run replays the data through the group and returns the scores. The group must
// answer from the source view too (output.source).
func Run(ctx context.Context, g *daemon.Group, d *Data, o Options) (*Report, error) {
	codec, err := stream.NewCodec(stream.CodecConfig{
		Ports: g.Ports(), Input: g.Config.Input, Limits: g.Config.Limits, MaxRows: g.Config.Batch.MaxRows,
	})
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", g.Name, err)
	}
	r := &run{group: g, data: d, codec: codec, arrays: map[string]npyfile.Array{}}
	if r.tallies, err = newTallies(g, d, o.Out != ""); err != nil {
		return nil, err
	}
	start := time.Now()
	if err := r.all(ctx, o.Progress); err != nil {
		return nil, err
	}
	report := r.tallies.report(d.Rows(), r.batches, time.Since(start).Seconds())
	if o.Out == "" {
		return report, nil
	}
	return report, r.tallies.write(o.Out, report)
}

// run is one replay under way.
type run struct {
	group   *daemon.Group
	data    *Data
	codec   *stream.Codec
	arrays  map[string]npyfile.Array
	tallies *tallies
	batches int
}

func (r *run) all(ctx context.Context, progress func(done, total int)) error {
	total, size := r.data.Rows(), r.group.Config.Batch.MaxRows
	for first := 0; first < total; first += size {
		end := min(first+size, total)
		if err := r.batch(ctx, first, end); err != nil {
			return fmt.Errorf("rows %d to %d: %w", first, end-1, err)
		}
		if progress != nil {
			progress(end, total)
		}
	}
	return nil
}

// batch steps, scores and settles, as the engine steps, commits and settles.
func (r *run) batch(ctx context.Context, first, end int) error {
	if err := r.data.batch(first, end, r.arrays); err != nil {
		return err
	}
	rows, refused := r.codec.DecodeArrays(r.arrays)
	if refused != nil {
		return refused
	}
	r.batches++
	b := &tta.Batch{
		Step: uint64(r.batches), Rows: rows.Rows, Inputs: rows.Inputs,
		Items: []tta.Item{{ID: fmt.Sprint(first), Seq: uint64(first + 1), Rows: rows.Rows, SourceOnly: rows.SourceOnly, Received: time.Now()}},
	}
	if r.group.Model.Graph == nil {
		b.Given = given(rows)
	}
	result, err := r.group.Pipelines.Step(ctx, b)
	if err != nil {
		return err
	}
	if err := r.tallies.add(result, r.data.order[first:end]); err != nil {
		return err
	}
	return r.group.Pipelines.Settle(ctx, result)
}

// given takes a batch's tensors as another server's outputs.
func given(rows stream.Rows) *models.Output {
	out := &models.Output{Logits: rows.Inputs[0]}
	if len(rows.Inputs) > 1 {
		out.Features = rows.Inputs[1]
	}
	return out
}

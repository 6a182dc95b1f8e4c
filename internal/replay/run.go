package replay

import (
	"context"
	"fmt"
	"slices"
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
	batches, err := r.cut()
	if err != nil {
		return err
	}
	done := 0
	for _, arrivals := range batches {
		if err := r.batch(ctx, arrivals); err != nil {
			return fmt.Errorf("rows %d to %d: %w", arrivals[0], arrivals[len(arrivals)-1], err)
		}
		done += len(arrivals)
		if progress != nil {
			progress(done, r.data.Rows())
		}
	}
	return nil
}

// cut lists the batches as places in the order of arrival: max_rows in order, the
// last one short. Rows that may be answered from the source view only have batches
// of their own, as on the stream.
func (r *run) cut() ([][]int, error) {
	size := r.group.Config.Batch.MaxRows
	var batches [][]int
	var open [2][]int // rows that adapt, and rows that must not
	for i, row := range r.data.order {
		k, err := r.kind(i, row)
		if err != nil {
			return nil, err
		}
		if open[k] = append(open[k], i); len(open[k]) == size {
			batches, open[k] = append(batches, open[k]), nil
		}
	}
	left := slices.DeleteFunc(open[:], func(rest []int) bool { return len(rest) == 0 })
	slices.SortFunc(left, slices.Compare[[]int]) // the one that opened first
	return append(batches, left...), nil
}

// kind is 1 for a row that may be answered from the source view only. Where such
// rows are refused there are none to look for.
func (r *run) kind(arrival, row int) (int, error) {
	if r.group.Config.Input.NonFinite != "source" {
		return 0, nil
	}
	rows, err := r.decode([]int{row})
	switch {
	case err != nil:
		return 0, fmt.Errorf("row %d: %w", arrival, err)
	case rows.SourceOnly != "":
		return 1, nil
	}
	return 0, nil
}

func (r *run) decode(rows []int) (stream.Rows, error) {
	if err := r.data.gather(rows, r.arrays); err != nil {
		return stream.Rows{}, err
	}
	decoded, refused := r.codec.DecodeArrays(r.arrays)
	if refused != nil {
		return stream.Rows{}, refused
	}
	return decoded, nil
}

// batch steps, scores and settles, as the engine steps, commits and settles. Every
// row is a message of its own.
func (r *run) batch(ctx context.Context, arrivals []int) error {
	numbers := make([]int, len(arrivals))
	for i, at := range arrivals {
		numbers[i] = r.data.order[at]
	}
	rows, err := r.decode(numbers)
	if err != nil {
		return err
	}
	r.batches++
	b := &tta.Batch{Step: uint64(r.batches), Rows: rows.Rows, Inputs: rows.Inputs}
	for _, at := range arrivals {
		b.Items = append(b.Items, tta.Item{ID: fmt.Sprint(at), Seq: uint64(at + 1), Rows: 1, SourceOnly: rows.SourceOnly, Received: time.Now()})
	}
	if r.group.Model.Graph == nil {
		b.Given = given(rows)
	}
	result, left, err := r.step(ctx, b, arrivals)
	if err != nil {
		return err
	}
	r.tallies.lost(without(arrivals, left), without(numbers, left))
	if result == nil {
		return nil
	}
	if err := r.tallies.add(result, pick(arrivals, left), pick(numbers, left)); err != nil {
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

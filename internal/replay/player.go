package replay

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"ttad/internal/daemon"
	"ttad/internal/npyfile"
	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// Player plays recorded rows to a group, batch by batch, as the daemon's engine
// does: Next answers, Settle lets the strategies learn and hands them the labels
// that are due. Between a Settle and the Next after it the group's pipelines may be
// exchanged for others.
type Player struct {
	group   *daemon.Group
	data    *Data
	codec   *stream.Codec
	arrays  map[string]npyfile.Array
	batches [][]int // to come, as places in the order of arrival
	step    uint64
	late    *late // nil: nobody hears of labels
}

// Played is a batch that was answered. Rows are told by their place in the order of
// arrival and by their number in the data.
type Played struct {
	Result         *tta.Result // nil when no row has an answer; good until the next batch
	Arrivals, Rows []int       // the rows the result is about, in its order
	Lost, LostRows []int       // those nobody has a finite answer for
}

// NewPlayer is at the first batch. labels says when labels reach the learners;
// nil is never. Those that do must be of classes that the group can answer.
func NewPlayer(g *daemon.Group, d *Data, labels *Labels) (*Player, error) {
	codec, err := stream.NewCodec(stream.CodecConfig{
		Ports: g.Ports(), Input: g.Config.Input, Limits: g.Config.Limits, MaxRows: g.Config.Batch.MaxRows,
	})
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", g.Name, err)
	}
	if err := d.check(g.Model.Classes(), g.Pipelines.Pipelines()); err != nil {
		return nil, err
	}
	p := &Player{group: g, data: d, codec: codec, arrays: map[string]npyfile.Array{}}
	if labels != nil {
		if p.late, err = newLate(*labels, d, g.Config.Seed); err != nil {
			return nil, err
		}
	}
	p.batches, err = p.cut()
	return p, err
}

// Next answers the next batch; io.EOF is the end.
func (p *Player) Next(ctx context.Context) (*Played, error) {
	if len(p.batches) == 0 {
		return nil, io.EOF
	}
	arrivals := p.batches[0]
	p.batches = p.batches[1:]
	played, err := p.batch(ctx, arrivals)
	if err != nil {
		return nil, fmt.Errorf("rows %d to %d: %w", arrivals[0], arrivals[len(arrivals)-1], err)
	}
	return played, nil
}

// Settle lets the strategies learn from the batch Next returned, then from the
// labels that are due after it.
func (p *Player) Settle(ctx context.Context, b *Played) error {
	if b.Result != nil {
		if err := p.group.Pipelines.Settle(ctx, b.Result); err != nil {
			return err
		}
	}
	if p.late == nil {
		return nil
	}
	p.late.answered(b.Arrivals, b.Lost)
	return p.late.tell(ctx, p.group.Pipelines)
}

// Told is how many labels reached the group so far.
func (p *Player) Told() int {
	if p.late == nil {
		return 0
	}
	return p.late.told
}

// cut lists the batches as places in the order of arrival: max_rows in order, the
// last one short. Rows that may be answered from the source view only have batches
// of their own, as on the stream.
func (p *Player) cut() ([][]int, error) {
	size := p.group.Config.Batch.MaxRows
	var batches [][]int
	var open [2][]int // rows that adapt, and rows that must not
	for i, row := range p.data.order {
		k, err := p.kind(i, row)
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
func (p *Player) kind(arrival, row int) (int, error) {
	if p.group.Config.Input.NonFinite != "source" {
		return 0, nil
	}
	rows, err := p.decode([]int{row})
	switch {
	case err != nil:
		return 0, fmt.Errorf("row %d: %w", arrival, err)
	case rows.SourceOnly != "":
		return 1, nil
	}
	return 0, nil
}

func (p *Player) decode(rows []int) (stream.Rows, error) {
	if err := p.data.gather(rows, p.arrays); err != nil {
		return stream.Rows{}, err
	}
	decoded, refused := p.codec.DecodeArrays(p.arrays)
	if refused != nil {
		return stream.Rows{}, refused
	}
	return decoded, nil
}

// batch steps one batch. Every row is a message of its own.
func (p *Player) batch(ctx context.Context, arrivals []int) (*Played, error) {
	numbers := pick(p.data.order, arrivals)
	rows, err := p.decode(numbers)
	if err != nil {
		return nil, err
	}
	p.step++
	b := &tta.Batch{Step: p.step, Rows: rows.Rows, Inputs: rows.Inputs}
	for i, at := range arrivals {
		b.Items = append(b.Items, tta.Item{
			ID: strconv.Itoa(at), Seq: sequence(at), Key: p.data.key(numbers[i]),
			Rows: 1, SourceOnly: rows.SourceOnly, Received: time.Now(),
		})
	}
	if p.group.Model.Graph == nil {
		b.Given = given(rows)
	}
	result, left, err := p.answer(ctx, b, arrivals)
	if err != nil {
		return nil, err
	}
	return &Played{
		Result: result, Arrivals: pick(arrivals, left), Rows: pick(numbers, left),
		Lost: without(arrivals, left), LostRows: without(numbers, left),
	}, nil
}

// sequence is the item's place in the stream that is played, from 1 as on the bus.
func sequence(arrival int) uint64 { return uint64(arrival) + 1 }

// given takes a batch's tensors as another server's outputs.
func given(rows stream.Rows) *models.Output {
	out := &models.Output{Logits: rows.Inputs[0]}
	if len(rows.Inputs) > 1 {
		out.Features = rows.Inputs[1]
	}
	return out
}

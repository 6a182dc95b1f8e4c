package replay

import (
	"context"
	"fmt"
	"slices"

	"ttad/tta"
)

// maxRounds bounds how often a batch is stepped, as the daemon does.
const maxRounds = 3

// answer steps a batch as the daemon does: rows the champion has no finite answer
// for are taken out, and the rest is stepped as if they had never been there. left
// are the places in the batch of the rows the result is about; no result means no
// row. A row the model fails on is an error: recorded data can be mended.
func (p *Player) answer(ctx context.Context, all *tta.Batch, arrivals []int) (result *tta.Result, left []int, err error) {
	for i := range all.Rows {
		left = append(left, i)
	}
	b := all
	for round := 1; ; round++ {
		if result, err = p.group.Pipelines.Step(ctx, b); err != nil {
			return nil, nil, p.blame(ctx, b, pick(arrivals, left), err)
		}
		lost := result.Pipelines[result.Champion].NoAnswer
		if len(lost) == 0 || round == maxRounds {
			return result, left, nil
		}
		if left = without(left, lost); len(left) == 0 {
			return nil, nil, nil
		}
		b = all.Keep(left)
	}
}

// blame names the row that makes the source model fail, where one alone does.
func (p *Player) blame(ctx context.Context, b *tta.Batch, arrivals []int, err error) error {
	for i, row := range arrivals {
		one := b.Keep([]int{i})
		one.Items[0].SourceOnly = "looking for the row at fault"
		if _, cause := p.group.Pipelines.Step(ctx, one); cause != nil && ctx.Err() == nil {
			return fmt.Errorf("row %d: %w", row, cause)
		}
	}
	return err
}

// pick returns the values at the given places.
func pick(values, places []int) []int {
	out := make([]int, len(places))
	for i, at := range places {
		out[i] = values[at]
	}
	return out
}

// without leaves out the values at the given places.
func without(values, places []int) []int {
	var out []int
	for i, v := range values {
		if !slices.Contains(places, i) {
			out = append(out, v)
		}
	}
	return out
}

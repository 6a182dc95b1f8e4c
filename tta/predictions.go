package tta

import "time"

// Predictions splits the answer of pipeline p into one prediction an item, in
// the batch's order. Probabilities are shared with the result.
func (r *Result) Predictions(p int) []Prediction {
	out := make([]Prediction, len(r.Batch.Items))
	rows := make([]RowPrediction, r.Batch.Rows)
	r.fill(rows, &r.Pipelines[p])
	first := 0
	for i, it := range r.Batch.Items {
		end := first + it.Rows
		out[i] = r.prediction(&r.Pipelines[p], it, rows[first:end:end])
		out[i].NoAnswer = within(r.Pipelines[p].NoAnswer, first, end)
		first = end
	}
	return out
}

func (r *Result) prediction(pr *PipelineResult, it Item, rows []RowPrediction) Prediction {
	return Prediction{
		Item: it, Pipeline: pr.Name, Role: pr.Role, Step: r.Batch.Step, Rows: rows,
		Queue: max(r.Started.Sub(it.Received), time.Duration(0)), Compute: r.Took,
	}
}

// within returns the rows in [first, end), counted from first.
func within(rows []int, first, end int) []int {
	var in []int
	for _, row := range rows {
		if row >= first && row < end {
			in = append(in, row-first)
		}
	}
	return in
}

func (r *Result) fill(rows []RowPrediction, pr *PipelineResult) {
	trail := make([]RowTrail, len(rows)*len(pr.Trail))
	source := make([]RowSource, len(rows))
	for i := range rows {
		probs := pr.View.Probs.Row(i)
		row := &rows[i]
		row.Class, row.Score, row.Probs = int(pr.View.Class[i]), pr.View.Score[i], probs
		row.Entropy, row.Margin = float32(r.Entropy(probs)), margin(probs)
		row.Guard = pr.Guard
		if row.Class >= 0 && row.Class < len(pr.Labels) {
			row.Label = pr.Labels[row.Class]
		}
		if r.Source != nil && r.Source.Class[i] >= 0 {
			source[i] = RowSource{Class: int(r.Source.Class[i]), Prob: r.Source.Score[i]}
			row.Source = &source[i]
		}
		row.Trail, trail = trail[:len(pr.Trail):len(pr.Trail)], trail[len(pr.Trail):]
		for s, t := range pr.Trail {
			row.Trail[s] = RowTrail{Strategy: t.Strategy, Class: int(t.Class[i]), Shift: t.Shift[i]}
		}
	}
}

// margin is the distance of the two largest values.
func margin(p []float32) float32 {
	first, second := float32(0), float32(0)
	for _, v := range p {
		switch {
		case v > first:
			first, second = v, first
		case v > second:
			second = v
		}
	}
	return first - second
}

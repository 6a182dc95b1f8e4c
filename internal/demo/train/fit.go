package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"ttad/accel"
	"ttad/models/grad"
)

// schedule says how long and how fast to learn.
type schedule struct {
	epochs, rows int
	rate         float64
	seed         uint64
}

// rateAt rises over the first 200 steps and then falls along half a cosine.
func (s schedule) rateAt(step, steps int) float64 {
	const rise = 200
	if step < rise {
		return s.rate * float64(step+1) / rise
	}
	return s.rate * (1 + math.Cos(math.Pi*float64(step-rise)/float64(steps-rise))) / 2
}

// fit trains and returns the program with its new constants. tell is called every
// hundred steps with the loss of that step's batch.
func fit(ctx context.Context, p *accel.Program, learn []accel.ValueID, data *images, cfg schedule,
	tell func(step, steps int, loss, rate float64)) (*accel.Program, error) {
	net, err := grad.New(p, grad.Config{Rows: cfg.rows, Learn: learn, BatchMoments: true})
	if err != nil {
		return nil, err
	}
	defer net.Close()
	x, y := accel.NewTensor(cfg.rows, 1, side, side), accel.NewTensor(cfg.rows, classes)
	rng := rand.New(rand.NewPCG(cfg.seed, 0x0e))
	perEpoch := len(data.labels) / cfg.rows
	steps := cfg.epochs * perEpoch
	var order []int
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("train: stopped at step %d: %w", step, err)
		}
		if step%perEpoch == 0 {
			order = rng.Perm(len(data.labels))
		}
		at := step % perEpoch * cfg.rows
		data.batch(order[at:at+cfg.rows], x, y)
		loss, err := net.Backward([]*accel.Tensor{x}, y)
		if err != nil {
			return nil, err
		}
		rate := cfg.rateAt(step, steps)
		if err := net.Step(rate); err != nil {
			return nil, err
		}
		if step%100 == 0 {
			tell(step, steps, loss, rate)
		}
	}
	return net.Program()
}

// score returns the accuracy with the stored moments.
func score(p *accel.Program, learn []accel.ValueID, data *images) (float64, error) {
	const rows = 100
	net, err := grad.New(p, grad.Config{Rows: rows, Learn: learn})
	if err != nil {
		return 0, err
	}
	defer net.Close()
	x, y := accel.NewTensor(rows, 1, side, side), accel.NewTensor(rows, classes)
	right, seen := 0, 0
	for at := 0; at+rows <= len(data.labels); at += rows {
		index := make([]int, rows)
		for i := range index {
			index[i] = at + i
		}
		data.batch(index, x, y)
		if _, err := net.Backward([]*accel.Tensor{x}, y); err != nil {
			return 0, err
		}
		logits, err := net.Logits()
		if err != nil {
			return 0, err
		}
		for r := range rows {
			if argmax(logits.Row(r)) == int(data.labels[at+r]) {
				right++
			}
		}
		seen += rows
	}
	return float64(right) / float64(seen), nil
}

func argmax(row []float32) int {
	best := 0
	for k, v := range row {
		if v > row[best] {
			best = k
		}
	}
	return best
}

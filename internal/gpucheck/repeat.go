package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"ttad/accel/cuda"
)

// repeat runs one batch many times, and wants the same bits.
func (c *checker) repeat(ctx context.Context) (saw string, err error) {
	n := c.load.parity[0]
	g, err := n.model()
	if err != nil {
		return "", err
	}
	d, err := c.device()
	if err != nil {
		return "", err
	}
	b, err := open(g, d, n.rows)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	in := inputs(g, n.rows)
	for _, m := range modes() {
		first, err := b.logits(ctx, in, n.rows, m)
		if err != nil {
			return "", err
		}
		for i := 1; i < c.load.repeats; i++ {
			again, err := b.logits(ctx, in, n.rows, m)
			if err != nil {
				return "", err
			}
			if !slices.EqualFunc(first, again, sameBits) {
				return "", fmt.Errorf("%s: time %d gave other bits than the first", m.name, i+1)
			}
		}
	}
	return fmt.Sprintf("%s, %d rows, frozen and alpha-BN", n.name, n.rows), nil
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// reopen opens the card, works and closes it many times, and wants the memory of the
// first time back.
func (c *checker) reopen(ctx context.Context) (string, error) {
	before, err := c.free()
	if err != nil {
		return "", err
	}
	for i := range c.load.reopens {
		if err := c.once(ctx); err != nil {
			return "", fmt.Errorf("time %d: %w", i+1, err)
		}
	}
	after, err := c.free()
	if err != nil {
		return "", err
	}
	saw := fmt.Sprintf("%d MiB free before, %d MiB after", before>>20, after>>20)
	const slack = 16 << 20 // what a driver keeps for itself the first time
	if before-after > slack {
		return saw, fmt.Errorf("%d bytes of the card's memory did not come back, unless another program took them: nvidia-smi lists those", before-after)
	}
	return saw, nil
}

// once opens the card for a single batch.
func (c *checker) once(ctx context.Context) (err error) {
	n := c.load.parity[0]
	g, err := n.model()
	if err != nil {
		return err
	}
	d, err := c.device()
	if err != nil {
		return err
	}
	b, err := open(g, d, n.rows)
	if err != nil {
		return err
	}
	_, err = b.logits(ctx, inputs(g, n.rows), n.rows, modes()[0])
	return errors.Join(err, b.close())
}

// free is the card's memory that nobody uses, in a context of its own.
func (c *checker) free() (free int64, err error) {
	d, err := c.driver()
	if err != nil {
		return 0, err
	}
	gauge, ok := d.(cuda.Gauge)
	if !ok {
		return 0, errors.Join(fmt.Errorf("driver %T tells no facts", d), d.Close())
	}
	free, err = gauge.FreeBytes()
	return free, errors.Join(err, d.Close())
}

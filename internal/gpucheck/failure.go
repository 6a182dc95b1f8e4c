package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"ttad/accel"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// exhaust takes memory until there is none, wants the refusal to be one that ttad
// knows, and wants the card to work afterwards.
func (c *checker) exhaust(ctx context.Context) (string, error) {
	d, err := c.driver()
	if err != nil {
		return "", err
	}
	refusal, taken, err := fill(d)
	if err = errors.Join(err, d.Close()); err != nil {
		return "", err
	}
	if refusal == nil {
		return "", fmt.Errorf("%d MiB were given, and no end: does the driver lend the host's memory?", taken>>20)
	}
	if !errors.Is(refusal, accel.ErrOutOfMemory) {
		return "", fmt.Errorf("the refusal is not one of memory: %w", refusal)
	}
	if err := c.once(ctx); err != nil {
		return "", fmt.Errorf("afterwards: %w", err)
	}
	return fmt.Sprintf("%d MiB taken, then: %v; afterwards it works", taken>>20, refusal), nil
}

// fill allocates pieces until the driver refuses one, and frees them.
func fill(d launch.Driver) (refusal error, taken int64, err error) {
	piece := max(1<<20, int(d.Info().Memory/16))
	var pieces []launch.Memory
	for len(pieces) < 64 {
		m, err := d.Alloc(piece)
		if err != nil {
			refusal = err
			break
		}
		pieces = append(pieces, m)
	}
	for _, m := range pieces {
		err = errors.Join(err, d.Free(m))
	}
	return refusal, int64(len(pieces)) * int64(piece), err
}

// astray launches a kernel that writes far beside its memory. The driver must say so, and
// ttad must take the device for lost. Whether a new context works is only told: NVIDIA
// promises that of a new process alone.
func (c *checker) astray(ctx context.Context) (string, error) {
	d, err := c.driver()
	if err != nil {
		return "", err
	}
	broken := overrun(ctx, d)
	if err := d.Close(); err != nil {
		return "", fmt.Errorf("close: %w", err)
	}
	if !errors.Is(broken, accel.ErrLost) {
		return "", fmt.Errorf("the card is not lost but: %w", broken)
	}
	after := "a new context works"
	if err := c.once(ctx); err != nil {
		after = fmt.Sprintf("a new context does not work, it takes a new process: %v", err)
	}
	return fmt.Sprintf("%v; %s", broken, after), nil
}

// overrun fills 8 GiB behind an allocation of 4 bytes, and returns what comes of it.
func overrun(ctx context.Context, d launch.Driver) error {
	all, err := kernels.All()
	if err != nil {
		return err
	}
	y, err := d.Alloc(4)
	if err != nil {
		return err
	}
	q, err := d.NewQueue()
	if err != nil {
		return err
	}
	const n = 1<<31 - 1
	if err := q.Launch(all["fill"], [3]int{n/256 + 1, 1, 1}, []launch.Arg{{Memory: y}, {Int: n}, {Float: 1}}); err != nil {
		return err
	}
	m, err := q.Mark()
	if err != nil {
		return err
	}
	err = wait(ctx, m)
	return errors.Join(err, q.Close())
}

// wait asks a mark until it is done.
func wait(ctx context.Context, m launch.Mark) error {
	for {
		done, err := m.Done()
		if done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
}

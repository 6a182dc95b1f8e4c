package main

import (
	"context"
	"errors"
	"math"
	"sync"

	"ttad/accel/cpu"
	"ttad/accel/cpu/kernel"
)

// openPeak does as many multiply-adds as the task has, in registers alone: no
// kernel can be faster.
func openPeak(t task, c cpu.Config, use func(batch) error) error {
	family, err := kernel.New(c.ISA)
	if err != nil {
		return err
	}
	round := family.Peak(1)
	if round == 0 {
		return errors.New("these instructions have no loop of multiply-adds in assembly")
	}
	rounds := int(math.Ceil(t.Flops / float64(round) / float64(t.Threads)))
	return use(func(context.Context) ([]float32, error) {
		var team sync.WaitGroup
		for range t.Threads {
			team.Go(func() { family.Peak(rounds) })
		}
		team.Wait()
		return nil, nil
	})
}

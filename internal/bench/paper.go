package main

import (
	"ttad/accel"
	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// paper is a driver of a card that is not there: all work is done when it is queued,
// and nothing is computed. What package launch asks of it, and how often, is what it
// would ask of a real one.
type paper struct{ pieces launch.Memory }

func (p *paper) Info() accel.Info { return accel.Info{Kind: "paper", Name: "a card on paper"} }

func (p *paper) Limits() launch.Limits { return launch.Limits{} }

func (p *paper) Alloc(int) (launch.Memory, error) {
	p.pieces++
	return p.pieces, nil
}

func (p *paper) Free(launch.Memory) error { return nil }

func (p *paper) HostAlloc(floats int) ([]float32, error) { return make([]float32, floats), nil }

func (p *paper) HostFree([]float32) error { return nil }

func (p *paper) NewQueue() (launch.Queue, error) { return paperQueue{}, nil }

func (p *paper) Close() error { return nil }

type paperQueue struct{}

func (paperQueue) Write(launch.Memory, []float32) error { return nil }

func (paperQueue) Read([]float32, launch.Memory) error { return nil }

func (paperQueue) Launch(*kernels.Kernel, [3]int, []launch.Arg) error { return nil }

func (paperQueue) Mark() (launch.Mark, error) { return paperMark{}, nil }

func (paperQueue) Close() error { return nil }

type paperMark struct{}

func (paperMark) Done() (bool, error) { return true, nil }

func (paperMark) Release() error { return nil }

package launch

import (
	"ttad/accel"
	"ttad/accel/kernels"
)

// Idle is a driver of a device that does nothing, at once. It counts what it gave.
type Idle struct{ memory, host int }

func (*Idle) Info() accel.Info { return accel.Info{Kind: "idle"} }
func (*Idle) Limits() Limits   { return Limits{} }
func (*Idle) Close() error     { return nil }

func (d *Idle) Alloc(int) (Memory, error) { d.memory++; return Memory(d.memory), nil }
func (*Idle) Free(Memory) error           { return nil }

func (d *Idle) HostAlloc(n int) ([]float32, error) { d.host++; return make([]float32, n), nil }
func (*Idle) HostFree([]float32) error             { return nil }

func (*Idle) NewQueue() (Queue, error) { return idleQueue{}, nil }

type idleQueue struct{}

func (idleQueue) Write(Memory, []float32) error               { return nil }
func (idleQueue) Read([]float32, Memory) error                { return nil }
func (idleQueue) Launch(*kernels.Kernel, [3]int, []Arg) error { return nil }
func (idleQueue) Mark() (Mark, error)                         { return idleMark{}, nil }
func (idleQueue) Close() error                                { return nil }

type idleMark struct{}

func (idleMark) Done() (bool, error) { return true, nil }
func (idleMark) Release() error      { return nil }

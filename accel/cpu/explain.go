package cpu

import (
	"fmt"
	"strings"

	"ttad/accel"
)

// floatBytes and sumBytes are the sizes of a value and of a sum of values.
const floatBytes, sumBytes = 4, 8

// Explain describes the plans.
func (e *exec) Explain() []accel.Schedule {
	if e.folded == nil {
		return []accel.Schedule{e.explain(e.live, "every batch")}
	}
	return []accel.Schedule{
		e.explain(e.folded, "source statistics"),
		e.explain(e.live, "batch statistics"),
	}
}

func (e *exec) explain(p *plan, when string) accel.Schedule {
	s := accel.Schedule{
		When: when, Free: e.names(p.free),
		ArenaBytes: p.arena * floatBytes, ScratchBytes: p.needs.bytes(e.device.threads),
	}
	for i := range p.kernels {
		s.Steps = append(s.Steps, e.explainStep(p, &p.kernels[i]))
	}
	return s
}

func (e *exec) explainStep(p *plan, k *namedKernel) accel.Scheduled {
	shape := p.program.Values[k.out].Shape
	return accel.Scheduled{
		Node: k.name, Op: e.program.Steps[k.step].Op.Kind(), Kernel: kernelName(k.runner),
		Shape: shape.At(e.maxRows), Folded: e.names(k.folded), Fused: e.names(k.fused),
		Offset: p.offset[k.out] * floatBytes, Bytes: shape.Elements(e.maxRows) * floatBytes,
		ScratchBytes: k.needs(e.maxRows).bytes(e.device.threads),
	}
}

func (n needs) bytes(threads int) int {
	return (n.worker*threads+n.shared)*floatBytes + n.sums*sumBytes
}

// kernelName is the kernel's type, *cpu.depthwiseStep for one, as people read it.
func kernelName(k runner) string {
	return strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", k), "*cpu."), "Step")
}

func (e *exec) names(steps []int) []string {
	names := make([]string, len(steps))
	for i, step := range steps {
		names[i] = e.program.Steps[step].Name
	}
	return names
}

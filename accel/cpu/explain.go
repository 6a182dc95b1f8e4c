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
		e.explain(e.given, "given statistics"),
	}
}

func (e *exec) explain(p *plan, when string) accel.Schedule {
	s := accel.Schedule{
		When: when, Free: e.names(p.free),
		WeightsBytes: p.weights * floatBytes,
		ArenaBytes:   p.size.arena * floatBytes, LocalBytes: p.size.local * e.device.threads * floatBytes,
		ScratchBytes: p.size.scratch(e.device.threads),
	}
	for i := range p.segments {
		for k := p.segments[i].first; k < p.segments[i].end; k++ {
			s.Steps = append(s.Steps, e.explainStep(p, i, &p.kernels[k]))
		}
	}
	return s
}

func (e *exec) explainStep(p *plan, segment int, k *namedKernel) accel.Scheduled {
	s := accel.Scheduled{
		Node: k.name, Op: k.kind, Kernel: kernelName(k.runner),
		Folded: e.names(k.folded), Fused: e.names(k.fused),
		Segment: segment, ChunkRows: p.segments[segment].rows,
		ScratchBytes: k.needs(e.maxRows).bytes(e.device.threads),
	}
	if k.out == accel.NoValue {
		return s
	}
	s.Shape = p.program.Values[k.out].Shape.At(e.maxRows)
	rows, at := e.maxRows, p.memory.batch[k.out]
	if s.Local = at < 0; s.Local {
		rows, at = s.ChunkRows, p.memory.local[k.out]
	}
	s.Offset, s.Bytes = at*floatBytes, p.floats(k.out, rows)*floatBytes
	return s
}

// scratch is the bytes of it.
func (s sizes) scratch(threads int) int {
	return (s.worker*threads+max(s.shared, s.part*threads)+s.mixed)*floatBytes + s.sums*sumBytes
}

func (n needs) bytes(threads int) int {
	return (n.worker*threads + n.shared) * floatBytes
}

// kernelName is the kernel's type, *cpu.directStep for one, as people read it.
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

package launch

import (
	"slices"
	"strings"

	"ttad/accel"
)

// Explain describes the plans. Values that are not alive at the same time lie in the
// same slot; a step's offset is where its slot would begin if all slots lay behind one
// another.
func (e *exec) Explain() []accel.Schedule {
	if len(e.plans) == 1 {
		return []accel.Schedule{e.explain(e.plans[0], "every batch")}
	}
	return []accel.Schedule{
		e.explain(e.plans[forSource], "source statistics"),
		e.explain(e.plans[forBatch], "batch statistics"),
		e.explain(e.plans[forGiven], "given statistics"),
	}
}

func (e *exec) explain(p *plan, when string) accel.Schedule {
	weights, _ := weightBytes(p)
	s := accel.Schedule{When: when, Free: e.names(p.free), WeightsBytes: int(weights)}
	for _, n := range p.layout.floats {
		s.ArenaBytes += bytesOf(n)
	}
	l, err := e.device.lower(p, e.maxRows)
	if err != nil {
		panic(err) // it was lowered for as many rows when it was compiled
	}
	for i := range p.nodes {
		s.Steps = append(s.Steps, e.explainStep(p, l, i))
	}
	return s
}

func (e *exec) explainStep(p *plan, l *lowering, i int) accel.Scheduled {
	n := p.nodes[i]
	s := accel.Scheduled{
		Node: p.name(i), Op: n.op.Kind(), Folded: e.names(n.folded), Fused: e.names(n.fused),
		Shape: l.shape(n.out), Bytes: bytesOf(accel.Elements(l.shape(n.out))),
	}
	for _, slot := range p.layout.floats[:p.layout.values[n.out]] {
		s.Offset += bytesOf(slot)
	}
	var names []string
	for _, launch := range l.out {
		if launch.node != i {
			continue
		}
		s.Launches++
		s.MovedBytes += l.moved(&launch)
		if !slices.Contains(names, launch.kernel) {
			names = append(names, launch.kernel)
		}
	}
	s.Kernel = strings.Join(names, "+")
	s.FLOPs = l.flops(n)
	for _, piece := range l.pieces {
		if piece.node == i {
			s.ScratchBytes += bytesOf(piece.floats)
		}
	}
	return s
}

func (e *exec) names(steps []int) []string {
	names := make([]string, len(steps))
	for i, step := range steps {
		names[i] = e.program.Steps[step].Name
	}
	return names
}

package accel

// AtRows returns the operator a batch of exactly rows rows needs: every extent
// among its attributes becomes a fixed one.
func AtRows(op Op, rows int) Op {
	fix := func(s Shape) Shape { return StaticShape(s.At(rows)...) }
	switch op := op.(type) {
	case Reshape:
		return Reshape{To: fix(op.To)}
	case Expand:
		return Expand{To: fix(op.To)}
	case Slice:
		op.Start, op.Count = Fixed(op.Start.At(rows)), Fixed(op.Count.At(rows))
		return op
	}
	return op
}

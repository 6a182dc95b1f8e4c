package acceltest

import "ttad/accel"

// operand is a value an operator is applied to.
type operand struct {
	shape  accel.Shape
	fill   Fill
	absent bool
}

func num(s accel.Shape) operand { return operand{shape: s} }

func static(extents ...int) operand { return num(accel.StaticShape(extents...)) }

func batch(extents ...int) operand { return num(accel.BatchShape(extents...)) }

func (o operand) filled(f Fill) operand { o.fill = f; return o }

var none = operand{absent: true}

// opCase applies one operator to random operands.
type opCase struct {
	name  string
	op    accel.Op
	in    []operand
	depth int // float32 additions in one result; 0 counts as 8
}

var unit = [2]int{1, 1}

func same(n int) [2]int { return [2]int{n, n} }

// windows is the extent of windowed attention: four windows a row.
var windows = accel.Dim{PerRow: 4}

// cases lists every operator in sizes that leave tails in every direction.
func cases() []opCase {
	var all []opCase
	for _, list := range [][]opCase{
		convCases(), matMulCases(), productCases(), mapCases(), binaryCases(), poolCases(), lineCases(), longLineCases(), moveCases(), outputCases(),
	} {
		all = append(all, list...)
	}
	return all
}

func convCases() []opCase {
	pad1 := [4]int{1, 1, 1, 1}
	return []opCase{
		{"3x3 same", accel.Conv{Stride: unit, Dilation: unit, Pad: pad1, Groups: 1}, []operand{batch(5, 7, 9), static(6, 5, 3, 3), static(6)}, 45},
		{"3x3 stride 2", accel.Conv{Stride: same(2), Dilation: unit, Pad: pad1, Groups: 1}, []operand{batch(4, 9, 8), static(7, 4, 3, 3)}, 36},
		{"3x3 dilated", accel.Conv{Stride: unit, Dilation: same(2), Pad: [4]int{2, 2, 2, 2}, Groups: 1}, []operand{batch(3, 6, 6), static(5, 3, 3, 3), none}, 27},
		{"7x7 stride 2 one sided", accel.Conv{Stride: same(2), Dilation: unit, Pad: [4]int{3, 2, 1, 0}, Groups: 1}, []operand{batch(3, 13, 17), static(5, 3, 7, 7), static(5)}, 147},
		{"1x1", accel.Conv{Stride: unit, Dilation: unit, Groups: 1}, []operand{batch(9, 5, 5), static(11, 9, 1, 1), static(11)}, 9},
		{"1x1 stride 2", accel.Conv{Stride: same(2), Dilation: unit, Groups: 1}, []operand{batch(9, 6, 5), static(3, 9, 1, 1)}, 9},
		{"1x1 on single points", accel.Conv{Stride: unit, Dilation: unit, Groups: 1}, []operand{batch(33, 1, 1), static(9, 33, 1, 1), static(9)}, 33},
		{"deep", accel.Conv{Stride: unit, Dilation: unit, Pad: pad1, Groups: 1}, []operand{batch(250, 3, 5), static(10, 250, 3, 3), static(10)}, 2250},
		{"1xK as a row", accel.Conv{Stride: [2]int{1, 3}, Dilation: unit, Pad: [4]int{0, 2, 0, 2}, Groups: 1}, []operand{batch(4, 1, 20), static(6, 4, 1, 5)}, 20},
		{"grouped", accel.Conv{Stride: unit, Dilation: unit, Pad: pad1, Groups: 3}, []operand{batch(6, 5, 6), static(9, 2, 3, 3), static(9)}, 18},
		{"depthwise", accel.Conv{Stride: unit, Dilation: unit, Pad: pad1, Groups: 7}, []operand{batch(7, 6, 7), static(7, 1, 3, 3), static(7)}, 9},
		{"depthwise stride 2 with multiplier", accel.Conv{Stride: same(2), Dilation: unit, Pad: [4]int{2, 2, 2, 2}, Groups: 3}, []operand{batch(3, 9, 11), static(6, 1, 5, 5)}, 25},
		{"windows", accel.Conv{Stride: unit, Dilation: unit, Groups: 1}, []operand{num(accel.Shape{windows, accel.Fixed(3), accel.Fixed(4), accel.Fixed(4)}), static(4, 3, 2, 2)}, 12},
		{"padding wider than the image", accel.Conv{Stride: unit, Dilation: unit, Pad: [4]int{4, 4, 4, 4}, Groups: 1}, []operand{batch(2, 2, 2), static(3, 2, 3, 3), static(3)}, 18},
	}
}

func matMulCases() []opCase {
	return []opCase{
		{"dense", accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, []operand{batch(37), static(10, 37), static(10)}, 37},
		{"dense without bias", accel.MatMul{Alpha: 1}, []operand{batch(5), static(5, 3)}, 5},
		{"dense wide", accel.MatMul{TransB: true, Alpha: 1, Beta: 1}, []operand{batch(1500), static(130, 1500), static(1, 130)}, 1500},
		{"scaled", accel.MatMul{TransB: true, Alpha: 0.5, Beta: 2}, []operand{batch(4, 9), static(6, 9), static(4, 1)}, 9},
		{"scalar c", accel.MatMul{Alpha: 1, Beta: 3}, []operand{batch(9), static(9, 6), static()}, 9},
		{"both transposed", accel.MatMul{TransA: true, TransB: true, Alpha: 1}, []operand{batch(7, 5), batch(3, 7)}, 7},
		{"left transposed", accel.MatMul{TransA: true, Alpha: 1}, []operand{num(accel.Shape{accel.RowsDim(), accel.Fixed(6)}), num(accel.Shape{accel.RowsDim(), accel.Fixed(5)})}, 8},
		{"heads", accel.MatMul{Alpha: 0.25}, []operand{batch(2, 5, 8), batch(2, 8, 6)}, 8},
		{"left broadcast", accel.MatMul{Alpha: 1, Beta: 1}, []operand{static(3, 4), batch(2, 4, 5), batch(1, 3, 5)}, 4},
		{"right broadcast in the middle", accel.MatMul{Alpha: 1}, []operand{batch(3, 2, 4), batch(1, 4, 5)}, 4},
		{"constant stack", accel.MatMul{Alpha: 1}, []operand{batch(3, 2, 4), static(3, 4, 5)}, 4},
		{"windows", accel.MatMul{TransB: true, Alpha: 1}, []operand{num(accel.Shape{windows, accel.Fixed(5), accel.Fixed(3)}), num(accel.Shape{windows, accel.Fixed(5), accel.Fixed(3)})}, 3},
		{"between rows", accel.MatMul{TransB: true, Alpha: 1}, []operand{batch(6), batch(6)}, 6},
		{"no depth", accel.MatMul{Alpha: 1, Beta: 1}, []operand{batch(0), static(0, 3), static(3)}, 1},
	}
}

func mapCases() []opCase {
	params := map[accel.MapFn][2]float32{
		accel.LeakyRelu: {0.1, 0}, accel.Elu: {1.5, 0}, accel.Clip: {-0.5, 0.75},
		accel.HardSigmoid: {0.2, 0.5}, accel.Affine: {2, -1},
	}
	var all []opCase
	for _, fn := range accel.MapFns() {
		x := batch(3, 11)
		switch fn {
		case accel.Log, accel.Sqrt, accel.Reciprocal:
			x = x.filled(Positive)
		case accel.Not, accel.Round:
			x = x.filled(Few)
		}
		p := params[fn]
		all = append(all, opCase{"of one value", accel.Map{Fn: fn, A: p[0], B: p[1]}, []operand{x}, 0})
	}
	return append(all,
		opCase{"long", accel.Map{Fn: accel.Relu}, []operand{batch(20000)}, 0},
		opCase{"scalar", accel.Map{Fn: accel.Neg}, []operand{static()}, 0})
}

func binaryCases() []opCase {
	var all []opCase
	for _, fn := range accel.BinaryFns() {
		a, b := batch(3, 5).filled(Few), batch(3, 5).filled(Few)
		switch fn {
		case accel.Pow:
			a = a.filled(Positive)
		case accel.Div, accel.Mod:
			b = b.filled(Positive)
		}
		all = append(all, opCase{"alike", accel.Binary{Fn: fn}, []operand{a, b}, 0})
		b.shape = accel.StaticShape(5)
		all = append(all, opCase{"last axis", accel.Binary{Fn: fn}, []operand{a, b}, 0})
		a.shape, b.shape = accel.StaticShape(), accel.BatchShape(2, 7)
		all = append(all, opCase{"scalar first", accel.Binary{Fn: fn}, []operand{a, b}, 0})
		a.shape, b.shape = accel.BatchShape(4, 3, 3), accel.BatchShape(4, 1, 1)
		all = append(all, opCase{"channels", accel.Binary{Fn: fn}, []operand{a, b}, 0})
	}
	return append(all,
		opCase{"both stretched", accel.Binary{Fn: accel.Sub}, []operand{batch(1, 5, 1), static(3, 1, 4)}, 0},
		opCase{"eight axes", accel.Binary{Fn: accel.Sub}, []operand{batch(1, 2, 1, 3, 1, 2, 3), static(3, 1, 2, 1, 2, 1, 3)}, 0},
		opCase{"row against column", accel.Binary{Fn: accel.Mul}, []operand{static(4, 1), static(6)}, 0},
		opCase{"one to batch", accel.Binary{Fn: accel.Add}, []operand{static(1, 5), batch(5)}, 0},
		opCase{"long", accel.Binary{Fn: accel.Add}, []operand{batch(9000, 2), static(9000, 1)}, 0},
		opCase{"power of two", accel.Binary{Fn: accel.Pow}, []operand{batch(7), static().filled(Few)}, 0},
		opCase{"select", accel.Where{}, []operand{batch(3, 1).filled(Few), batch(3, 5), static(5)}, 0},
		opCase{"select across", accel.Where{}, []operand{batch(1, 5, 1).filled(Few), static(3, 1, 4), batch(3, 5, 4)}, 0},
		opCase{"select scalar", accel.Where{}, []operand{static(3).filled(Few), static(), batch(1)}, 0},
		opCase{"to batch", accel.Expand{To: accel.BatchShape(3, 4)}, []operand{static(1, 4)}, 0},
		opCase{"middle", accel.Expand{To: accel.BatchShape(3, 4)}, []operand{batch(1, 4)}, 0})
}

func poolCases() []opCase {
	pad1 := [4]int{1, 1, 1, 1}
	var all []opCase
	for _, fn := range []accel.PoolFn{accel.PoolMax, accel.PoolAverage} {
		all = append(all,
			opCase{"2x2", accel.Pool{Fn: fn, Kernel: same(2), Stride: same(2), Dilation: unit}, []operand{batch(3, 7, 6)}, 0},
			opCase{"3x3 padded", accel.Pool{Fn: fn, Kernel: same(3), Stride: same(2), Dilation: unit, Pad: pad1}, []operand{batch(3, 7, 8)}, 0},
			opCase{"3x3 padded, counted", accel.Pool{Fn: fn, Kernel: same(3), Stride: same(2), Dilation: unit, Pad: pad1, CountPadding: true}, []operand{batch(3, 7, 8)}, 0},
			opCase{"rounded up", accel.Pool{Fn: fn, Kernel: same(3), Stride: same(2), Dilation: unit, Ceil: true}, []operand{batch(3, 8, 6)}, 0},
			opCase{"rounded up, counted", accel.Pool{Fn: fn, Kernel: same(3), Stride: same(2), Dilation: unit, Pad: pad1, Ceil: true, CountPadding: true}, []operand{batch(3, 8, 6)}, 0},
			opCase{"dilated", accel.Pool{Fn: fn, Kernel: same(2), Stride: unit, Dilation: same(3), Pad: pad1}, []operand{batch(2, 5, 6)}, 0},
			opCase{"everything", accel.Pool{Fn: fn, Kernel: same(5), Stride: unit, Dilation: unit}, []operand{batch(2, 5, 5)}, 0},
			opCase{"nothing seen", accel.Pool{Fn: fn, Kernel: unit, Stride: same(2), Dilation: unit, Pad: pad1}, []operand{batch(2, 2, 2)}, 0})
	}
	for _, fn := range accel.ReduceFns() {
		all = append(all,
			opCase{"positions", accel.Reduce{Fn: fn, Axes: []int{2, 3}}, []operand{batch(3, 5, 7)}, 0},
			opCase{"positions kept", accel.Reduce{Fn: fn, Axes: []int{2, 3}, KeepDims: true}, []operand{batch(3, 5, 7)}, 0},
			opCase{"middle", accel.Reduce{Fn: fn, Axes: []int{1}}, []operand{batch(6, 5)}, 0},
			opCase{"rows", accel.Reduce{Fn: fn, Axes: []int{0}, KeepDims: true}, []operand{batch(6, 5)}, 0},
			opCase{"first and last", accel.Reduce{Fn: fn, Axes: []int{0, 2}}, []operand{batch(6, 5)}, 0},
			opCase{"all", accel.Reduce{Fn: fn, Axes: []int{0, 1}}, []operand{batch(6)}, 0},
			opCase{"no axis", accel.Reduce{Fn: fn}, []operand{batch(6)}, 0},
			opCase{"nothing", accel.Reduce{Fn: fn, Axes: []int{1}}, []operand{batch(0, 2)}, 0})
	}
	return all
}

func lineCases() []opCase {
	return []opCase{
		{"last axis", accel.Softmax{Axis: 1}, []operand{batch(11)}, 0},
		{"inner axis", accel.Softmax{Axis: 1}, []operand{batch(5, 3)}, 0},
		{"rows", accel.Softmax{Axis: 0}, []operand{batch(4)}, 0},
		{"log", accel.Softmax{Axis: 2, Log: true}, []operand{batch(3, 7)}, 0},
		{"many lines", accel.Softmax{Axis: 2}, []operand{batch(900, 3)}, 0},
		{"tokens", accel.LayerNorm{Axis: 2, Eps: 1e-5}, []operand{batch(5, 24), static(24), static(24)}, 0},
		{"without bias", accel.LayerNorm{Axis: 1, Eps: 1e-5}, []operand{batch(24), static(24), none}, 0},
		{"two axes", accel.LayerNorm{Axis: 1, Eps: 1e-3}, []operand{batch(3, 5), static(3, 5), static(3, 5)}, 0},
		{"planes", accel.InstanceNorm{Eps: 1e-5}, []operand{batch(3, 4, 5), static(3), static(3)}, 0},
		{"lines", accel.InstanceNorm{Eps: 1e-5}, []operand{batch(3, 9), static(3), static(3)}, 0},
	}
}

func moveCases() []opCase {
	return []opCase{
		{"to channels last", accel.Transpose{Perm: []int{0, 2, 3, 1}}, []operand{batch(3, 4, 5)}, 0},
		{"heads", accel.Transpose{Perm: []int{0, 2, 1, 3}}, []operand{batch(4, 2, 6)}, 0},
		{"rows inward", accel.Transpose{Perm: []int{1, 0}}, []operand{batch(7)}, 0},
		{"planes", accel.Transpose{Perm: []int{0, 2, 1}}, []operand{batch(45, 70)}, 0},
		{"outside in", accel.Transpose{Perm: []int{2, 1, 0}}, []operand{batch(3, 33)}, 0},
		{"six axes", accel.Transpose{Perm: []int{0, 5, 3, 1, 4, 2}}, []operand{batch(2, 3, 2, 5, 3)}, 0},
		{"identity", accel.Transpose{Perm: []int{0, 1}}, []operand{batch(7)}, 0},
		{"flatten", accel.Reshape{To: accel.BatchShape(24)}, []operand{batch(2, 3, 4)}, 0},
		{"to windows", accel.Reshape{To: accel.Shape{windows, accel.Fixed(6)}}, []operand{batch(2, 3, 4)}, 0},
		{"channels", accel.Concat{Axis: 1}, []operand{batch(2, 3), batch(1, 3), batch(3, 3)}, 0},
		{"last axis", accel.Concat{Axis: 2}, []operand{batch(2, 3), batch(2, 5)}, 0},
		{"rows", accel.Concat{Axis: 0}, []operand{batch(3), static(2, 3)}, 0},
		{"part of channels", accel.Slice{Axis: 1, Start: accel.Fixed(1), Count: accel.Fixed(2), Step: 1}, []operand{batch(4, 5)}, 0},
		{"every other", accel.Slice{Axis: 2, Start: accel.Fixed(1), Count: accel.Fixed(2), Step: 2}, []operand{batch(3, 5)}, 0},
		{"backwards", accel.Slice{Axis: 1, Start: accel.Fixed(4), Count: accel.Fixed(3), Step: -2}, []operand{batch(5, 3)}, 0},
		{"rows backwards", accel.Slice{Axis: 0, Start: accel.Dim{PerRow: 1, Fixed: -1}, Count: accel.RowsDim(), Step: -1}, []operand{batch(3)}, 0},
		{"all rows but the first", accel.Slice{Axis: 0, Start: accel.Fixed(1), Count: accel.Dim{PerRow: 1, Fixed: -1}, Step: 1}, []operand{batch(3)}, 0},
		{"nothing", accel.Slice{Axis: 1, Count: accel.Fixed(0), Step: 1}, []operand{batch(3)}, 0},
		{"value", accel.Pad{Before: []int{0, 2, 0, 1}, After: []int{0, 1, 0, 2}, Mode: accel.PadConstant, Value: 1.5}, []operand{batch(3, 2, 4)}, 0},
		{"reflected", accel.Pad{Before: []int{0, 2, 1}, After: []int{0, 1, 3}, Mode: accel.PadReflect}, []operand{batch(3, 4)}, 0},
		{"edge", accel.Pad{Before: []int{0, 2, 3}, After: []int{1, 1, 2}, Mode: accel.PadEdge}, []operand{batch(3, 4)}, 0},
		{"all around", accel.Pad{Before: []int{1, 0, 2, 0, 1}, After: []int{0, 0, 1, 0, 3}, Mode: accel.PadConstant, Value: -2}, []operand{batch(2, 3, 2, 4)}, 0},
		{"scalar", accel.Pad{Mode: accel.PadConstant}, []operand{static()}, 0},
		{"embedding", accel.Gather{Axis: 0}, []operand{static(5, 4), batch(3).filled(Places)}, 0},
		{"columns", accel.Gather{Axis: 1}, []operand{batch(4, 2), static(2, 2).filled(Places)}, 0},
		{"one token", accel.Gather{Axis: 1}, []operand{batch(5, 3), static().filled(Places)}, 0},
	}
}

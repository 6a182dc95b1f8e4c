package launch

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

func TestDepthIsCutIntoPartsThatCoverItAndFitTheirMemory(t *testing.T) {
	for _, tiles := range []int{0, 1, 2, 3, 17, 127, 128, 129, 256, 100_000} {
		for depth := range 5000 {
			count, span := parts(tiles, depth)
			require.Zero(t, span%tileDepth, "a part is whole steps: depth %d", depth)
			require.GreaterOrEqual(t, count*span, depth, "%d tiles", tiles)
			require.True(t, count == 1 || (count-1)*span < depth, "no part is empty: %d tiles, depth %d", tiles, depth)
			l := &lowering{}
			outputs := tiles * tileElements
			l.takeParts(outputs, depth)
			require.True(t, count == 1 || l.pieces[0].floats >= count*outputs, "%d tiles, depth %d", tiles, depth)
		}
	}
}

func TestDepthIsCutOnlyWhereTilesAreFew(t *testing.T) {
	for _, c := range []struct{ tiles, depth, parts int }{
		{1, 511, 1},      // joining would take longer
		{1, 512, 2},      // both worth a group
		{1, 1 << 20, 16}, // no more, however deep
		{64, 1 << 20, 2}, // until the card is full
		{65, 1 << 20, 1},
		{392, 4608, 1}, // the last stage of ResNet-18, 64 images
	} {
		count, _ := parts(c.tiles, c.depth)
		require.Equal(t, c.parts, count, "%+v", c)
	}
}

// lowered are the launches of an operator on inputs of these shapes.
func lowered(t *testing.T, op accel.Op, rows int, operands ...accel.Shape) *lowering {
	t.Helper()
	b := &acceltest.Builder{}
	var in []accel.ValueID
	for _, s := range operands {
		in = append(in, b.Input(s))
	}
	p := newPlan(b.Program(b.Step(op, in...)), forBatch)
	l := &lowering{program: p.program, rows: rows, form: forBatch}
	require.NoError(t, l.lower(p.nodes[0]))
	return l
}

// kernelsOf are the kernels of launches, and their groups.
func kernelsOf(l *lowering) (names []string, groups []int) {
	for _, launch := range l.out {
		names, groups = append(names, launch.kernel), append(groups, launch.groups[0])
	}
	return names, groups
}

func TestKernelsOfConvolutions(t *testing.T) {
	same := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1}
	grouped := func(groups int) accel.Conv {
		op := same
		op.Groups = groups
		return op
	}
	bare := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
	for _, c := range []struct {
		name   string
		op     accel.Conv
		x, w   accel.Shape
		rows   int
		want   []string
		groups []int
	}{
		{"tiles of outputs by positions", same, accel.BatchShape(64, 56, 56), accel.StaticShape(64, 64, 3, 3), 64, []string{"conv"}, []int{64 * 56 * 56 / 64}},
		{"flat tiles for few outputs", same, accel.BatchShape(16, 32, 32), accel.StaticShape(32, 16, 3, 3), 64, []string{"conv_flat"}, []int{64 * 32 * 32 / 128}},
		{"a full card needs no parts", same, accel.BatchShape(512, 7, 7), accel.StaticShape(512, 512, 3, 3), 64, []string{"conv"}, []int{8 * 49}},
		{"a single image in parts", same, accel.BatchShape(512, 7, 7), accel.StaticShape(512, 512, 3, 3), 1, []string{"conv", "join"}, []int{8 * 16, 98}},
		{"depthwise", grouped(32), accel.BatchShape(32, 14, 14), accel.StaticShape(32, 1, 3, 3), 2, []string{"conv_few"}, []int{2 * 32 * 4 * 14 / 256}},
		{"groups of many outputs", grouped(2), accel.BatchShape(8, 4, 4), accel.StaticShape(32, 4, 3, 3), 8, []string{"conv_flat"}, []int{2}},
		{"a window that sees all, few rows", bare, accel.BatchShape(9, 1, 1), accel.StaticShape(40, 9, 1, 1), 8, []string{"matmul_rows"}, []int{5}},
		{"a window that sees all, many rows", bare, accel.BatchShape(9, 1, 1), accel.StaticShape(40, 9, 1, 1), 65, []string{"matmul"}, []int{2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			names, groups := kernelsOf(lowered(t, c.op, c.rows, c.x, c.w))
			require.Equal(t, c.want, names)
			require.Equal(t, c.groups, groups)
		})
	}
}

func TestKernelsOfProducts(t *testing.T) {
	for _, c := range []struct {
		name    string
		op      accel.MatMul
		a, b, c accel.Shape
		want    []string
		groups  []int
	}{
		{"tokens by weights are one matrix", accel.MatMul{Alpha: 1}, accel.BatchShape(197, 192), accel.StaticShape(192, 576), nil, []string{"matmul"}, []int{13 * 9}},
		{"so they are with a bias", accel.MatMul{Alpha: 1, Beta: 1}, accel.BatchShape(197, 192), accel.StaticShape(192, 576), accel.StaticShape(576), []string{"matmul"}, []int{13 * 9}},
		{"with one for each token", accel.MatMul{Alpha: 1, Beta: 1}, accel.BatchShape(197, 192), accel.StaticShape(192, 576), accel.StaticShape(197, 1), []string{"matmul"}, []int{4 * 4 * 9}},
		{"heads are a stack", accel.MatMul{TransB: true, Alpha: 1}, accel.BatchShape(3, 197, 64), accel.BatchShape(3, 197, 64), nil, []string{"matmul"}, []int{4 * 3 * 4 * 4}},
		{"few rows of weights along their depth", accel.MatMul{TransB: true, Alpha: 1}, accel.BatchShape(512), accel.StaticShape(1000, 512), nil, []string{"matmul_rows"}, []int{125}},
		{"few rows of weights along columns", accel.MatMul{Alpha: 1}, accel.BatchShape(512), accel.StaticShape(512, 1000), nil, []string{"matmul_rows"}, []int{32}},
		{"tokens that are one each, transposed", accel.MatMul{TransA: true, Alpha: 1}, accel.BatchShape(64, 1), accel.StaticShape(64, 10), nil, []string{"matmul_rows"}, []int{1}},
		{"in parts", accel.MatMul{Alpha: 1}, accel.BatchShape(16, 768), accel.StaticShape(768, 10), nil, []string{"matmul", "join"}, []int{3, 3}},
		{"whole where c is no bias", accel.MatMul{Alpha: 1, Beta: 1}, accel.BatchShape(16, 768), accel.StaticShape(768, 10), accel.StaticShape(16, 10), []string{"matmul"}, []int{4}},
		{"nothing to compute", accel.MatMul{Alpha: 1}, accel.BatchShape(9, 5), accel.StaticShape(5, 0), nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			operands := []accel.Shape{c.a, c.b}
			if c.c != nil {
				operands = append(operands, c.c)
			}
			names, groups := kernelsOf(lowered(t, c.op, 4, operands...))
			require.Equal(t, c.want, names)
			require.Equal(t, c.groups, groups)
		})
	}
}

// A stream lays out its scratch for the most rows; fewer must not need more, although
// it is with few that depth is cut into parts.
func TestFewerRowsTakeNoMoreScratch(t *testing.T) {
	op := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1}
	x, w := accel.BatchShape(256, 14, 14), accel.StaticShape(256, 256, 3, 3)
	most := lowered(t, op, 64, x, w)
	require.Len(t, most.out, 1, "in one part")
	for rows := 1; rows < 64; rows++ {
		l := lowered(t, op, rows, x, w)
		require.Len(t, l.pieces, len(most.pieces))
		require.LessOrEqual(t, l.pieces[0].floats, most.pieces[0].floats)
	}
	require.Len(t, lowered(t, op, 1, x, w).out, 2, "in parts, and joined")
}

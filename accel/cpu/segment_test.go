package cpu

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

// cuts writes a plan's segments as kernels joined by spaces, in brackets where
// chunks go through them. It leaves out the copies between layouts, which depend
// on the processor's lanes.
func cuts(p *plan) (out []string) {
	for _, s := range p.segments {
		var names []string
		for _, k := range p.kernels[s.first:s.end] {
			if _, ok := k.runner.(*reorderStep); !ok {
				names = append(names, kernelName(k.runner))
			}
		}
		text := strings.Join(names, " ")
		if s.rows > 0 {
			text = "[" + text + "]"
		}
		out = append(out, text)
	}
	return out
}

// chunkRows lists the rows of the chunks of each segment.
func chunkRows(p *plan) (rows []int) {
	for _, s := range p.segments {
		rows = append(rows, s.rows)
	}
	return rows
}

// perceptron is layers of so many units each, from as many inputs as the first has.
func perceptron(widths ...int) *accel.Program {
	b := &acceltest.Builder{}
	x := b.Input(accel.BatchShape(widths[0]))
	for i, n := range widths[1:] {
		x = b.Step(accel.MatMul{Alpha: 1}, x, b.Const(accel.NewTensor(widths[i], n)))
	}
	return b.Program(x)
}

// softmaxes is two of them, over so many values.
func softmaxes(n int) *accel.Program {
	b := &acceltest.Builder{}
	x := b.Step(accel.Softmax{Axis: 1}, b.Input(accel.BatchShape(n)))
	return b.Program(b.Step(accel.Softmax{Axis: 1}, x))
}

// normBetween is two softmaxes over so many values, with a norm between them.
func normBetween(n int) *accel.Program {
	b := &acceltest.Builder{}
	x := b.Step(accel.Softmax{Axis: 2}, b.Input(accel.BatchShape(1, n)))
	x = b.Norm(accel.Norm{Eps: 1e-5}, x, rand.New(rand.NewPCG(1, 2)))
	return b.Program(b.Step(accel.Softmax{Axis: 2}, x))
}

func TestChunksAreSmallEnoughForTheCache(t *testing.T) {
	tests := []struct {
		name    string
		p       *accel.Program
		maxRows int
		want    []int
	}{
		{"rows are short", perceptron(64, 256, 256, 10), 1000, []int{mostRows}},
		{"no more than there are", perceptron(64, 256, 256, 10), 5, []int{8}},
		{"rows are long", softmaxes(chunkBudget / 8), 1000, []int{4}},
		{"rows are long and pass through the cache", normBetween(chunkBudget / 8), 1000, []int{2, 0, 2}},
		{"a row is longer than the cache", softmaxes(2 * chunkBudget), 1000, []int{1}},
		{"weights pass through the cache", perceptron(1024, 1024), 1000, []int{128}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := newPlan(planned(t), tt.p, tt.maxRows, forBatch, packs{})
			require.NoError(t, err)
			assert.Equal(t, tt.want, chunkRows(p))
		})
	}
}

// Early layers have large images and few weights, late ones the opposite.
func TestSmallImagesBeforeLargeWeightsAreASegmentOfTheirOwn(t *testing.T) {
	b := &acceltest.Builder{}
	x := b.Step(accel.Softmax{Axis: 1}, b.Input(accel.BatchShape(512, chunkBudget/1024)))
	few := b.Step(accel.Reduce{Fn: accel.ReduceMax, Axes: []int{2}}, x)
	y := b.Step(accel.MatMul{Alpha: 1}, few, b.Const(accel.NewTensor(512, 2048)))
	p, err := newPlan(planned(t), b.Program(y), 1000, forBatch, packs{})
	require.NoError(t, err)
	assert.Equal(t, []string{"[softmax reduce]", "[matMul]"}, cuts(p))
	assert.Equal(t, []int{1, 64}, chunkRows(p))
}

func TestStepsThatKeepRowsApartAreOneSegment(t *testing.T) {
	row := accel.BatchShape(4, 6)
	tests := []struct {
		name string
		op   accel.Op
		in   []accel.Shape // the first is a softmax's result, the others are inputs
		want []string
	}{
		{"a function", accel.Map{Fn: accel.Sqrt}, []accel.Shape{row}, []string{"[softmax map softmax]"}},
		{"two values", accel.Binary{Fn: accel.Max}, []accel.Shape{row, row}, []string{"[softmax binary softmax]"}},
		{"one for all rows", accel.Binary{Fn: accel.Max}, []accel.Shape{row, accel.StaticShape(6)}, []string{"[softmax binary softmax]"}},
		{"products within rows", accel.MatMul{Alpha: 1}, []accel.Shape{row, accel.BatchShape(6, 4)}, []string{"[softmax matMul softmax]"}},
		{"a product with one matrix", accel.MatMul{Alpha: 1}, []accel.Shape{row, accel.StaticShape(6, 4)}, []string{"[softmax matMul softmax]"}},
		{"products of rows", accel.MatMul{Alpha: 1, TransB: true}, []accel.Shape{accel.BatchShape(6), accel.BatchShape(6)}, []string{"[softmax]", "matMul softmax"}},
		{"a reduction within rows", accel.Reduce{Fn: accel.ReduceMax, Axes: []int{1}}, []accel.Shape{row}, []string{"[softmax reduce softmax]"}},
		{"a reduction over rows", accel.Reduce{Fn: accel.ReduceMax, Axes: []int{0}}, []accel.Shape{row}, []string{"[softmax]", "reduce softmax"}},
		{"axes within rows change places", accel.Transpose{Perm: []int{0, 2, 1}}, []accel.Shape{row}, []string{"[softmax move softmax]"}},
		{"rows change places", accel.Transpose{Perm: []int{1, 0, 2}}, []accel.Shape{row}, []string{"[softmax]", "move softmax"}},
		{"part of each row", accel.Slice{Axis: 1, Count: accel.Fixed(2), Step: 1}, []accel.Shape{row}, []string{"[softmax move softmax]"}},
		{"all rows but one", accel.Slice{Start: accel.Fixed(1), Count: accel.Dim{PerRow: 1, Fixed: -1}, Step: 1}, []accel.Shape{row}, []string{"[softmax]", "move softmax"}},
		{"rows backwards", accel.Slice{Start: accel.Dim{PerRow: 1, Fixed: -1}, Count: accel.RowsDim(), Step: -1}, []accel.Shape{row}, []string{"[softmax]", "move", "[softmax]"}},
		{"longer rows", accel.Concat{Axis: 1}, []accel.Shape{row, row}, []string{"[softmax concat softmax]"}},
		{"more rows", accel.Concat{}, []accel.Shape{row, row}, []string{"[softmax]", "concat", "[softmax]"}},
		{"wider rows", accel.Pad{Mode: accel.PadEdge, Before: []int{0, 1, 0}, After: []int{0, 0, 1}}, []accel.Shape{row}, []string{"[softmax pad softmax]"}},
		{"rows before the first", accel.Pad{Mode: accel.PadEdge, Before: []int{1, 0, 0}, After: []int{0, 0, 0}}, []accel.Shape{row}, []string{"[softmax]", "pad softmax"}},
		{"windows", accel.Map{Fn: accel.Sqrt}, []accel.Shape{{accel.Dim{PerRow: 4}, accel.Fixed(3)}}, []string{"[softmax map softmax]"}},
		{"rows in the second axis", accel.Map{Fn: accel.Sqrt}, []accel.Shape{{accel.Fixed(2), accel.RowsDim()}}, []string{"softmax map softmax"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &acceltest.Builder{}
			operands := []accel.ValueID{b.Step(accel.Softmax{Axis: 1}, b.Input(tt.in[0]))}
			for _, s := range tt.in[1:] {
				operands = append(operands, b.Input(s))
			}
			y := b.Step(tt.op, operands...)
			last := len(b.Shape(y)) - 1
			p, err := newPlan(planned(t), b.Program(b.Step(accel.Softmax{Axis: last}, y)), 8, forBatch, packs{})
			require.NoError(t, err)
			assert.Equal(t, tt.want, cuts(p))
		})
	}
}

package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
)

const (
	heads  = 3
	tokens = 7
	inner  = 5 // of a head
	width  = heads * inner
)

// writer writes attention as exporters do.
type writer struct {
	acceltest.Builder
	r *rand.Rand
}

func (w *writer) weights(shape ...int) accel.ValueID {
	t := accel.NewTensor(shape...)
	for i := range t.Data {
		t.Data[i] = w.r.Float32()*2 - 1
	}
	return w.Const(t)
}

func (w *writer) scalar(v float64) accel.ValueID {
	return w.Const(accel.TensorOf([]float32{float32(v)}))
}

func (w *writer) permuted(x accel.ValueID, perm ...int) accel.ValueID {
	return w.Step(accel.Transpose{Perm: perm}, x)
}

func (w *writer) shaped(x accel.ValueID, extents ...int) accel.ValueID {
	return w.Step(accel.Reshape{To: accel.BatchShape(extents...)}, x)
}

func (w *writer) linear(x accel.ValueID, out int) accel.ValueID {
	in := w.Shape(x)[2].Fixed
	return w.Step(accel.MatMul{Alpha: 1, Beta: 1}, x, w.weights(in, out), w.weights(out))
}

func (w *writer) product(a, b accel.ValueID) accel.ValueID {
	return w.Step(accel.MatMul{Alpha: 1, Beta: 1}, a, b)
}

// separate projects queries, keys and values one by one and divides the scores.
func separate(w *writer, x accel.ValueID) (query, keys, values accel.ValueID, scale func(accel.ValueID) accel.ValueID) {
	part := func(perm ...int) accel.ValueID {
		return w.permuted(w.shaped(w.linear(x, width), tokens, heads, inner), perm...)
	}
	return part(0, 2, 1, 3), part(0, 2, 3, 1), part(0, 2, 1, 3), func(scores accel.ValueID) accel.ValueID {
		return w.Step(accel.Binary{Fn: accel.Div}, scores, w.scalar(math.Sqrt(inner)))
	}
}

// together projects them at once and picks them by index (timm).
func together(w *writer, x accel.ValueID) (query, keys, values accel.ValueID, scale func(accel.ValueID) accel.ValueID) {
	all := w.permuted(w.shaped(w.linear(x, 3*width), tokens, 3, heads, inner), 2, 0, 3, 1, 4)
	pick := func(i int) accel.ValueID { return w.Step(accel.Gather{Axis: 0}, all, w.scalar(float64(i))) }
	query = w.Step(accel.Binary{Fn: accel.Mul}, pick(0), w.scalar(1/math.Sqrt(inner)))
	return query, w.permuted(pick(1), 0, 1, 3, 2), pick(2), func(scores accel.ValueID) accel.ValueID { return scores }
}

// sliced projects them at once, cuts the columns and scales both sides (PyTorch's
// scaled_dot_product_attention).
func sliced(w *writer, x accel.ValueID) (query, keys, values accel.ValueID, scale func(accel.ValueID) accel.ValueID) {
	all := w.linear(x, 3*width)
	cut := func(i int, perm ...int) accel.ValueID {
		s := w.Step(accel.Slice{Axis: 2, Start: accel.Fixed(i * width), Count: accel.Fixed(width), Step: 1}, all)
		return w.permuted(w.shaped(s, tokens, heads, inner), perm...)
	}
	root := w.scalar(math.Pow(inner, -0.25))
	half := func(v accel.ValueID) accel.ValueID { return w.Step(accel.Binary{Fn: accel.Mul}, v, root) }
	return half(cut(0, 0, 2, 1, 3)), half(cut(1, 0, 2, 3, 1)), cut(2, 0, 2, 1, 3), func(scores accel.ValueID) accel.ValueID { return scores }
}

// attend writes a block of attention around one way to get its operands.
func attend(split func(*writer, accel.ValueID) (query, keys, values accel.ValueID, scale func(accel.ValueID) accel.ValueID)) *accel.Program {
	w := &writer{r: rand.New(rand.NewPCG(31, 32))}
	x := w.Input(accel.BatchShape(tokens, width))
	query, keys, values, scale := split(w, x)
	scores := w.Step(accel.Softmax{Axis: 3}, scale(w.product(query, keys)))
	mixed := w.shaped(w.permuted(w.product(scores, values), 0, 2, 1, 3), tokens, width)
	return w.Program(w.Step(accel.Binary{Fn: accel.Add}, w.linear(mixed, width), x))
}

// inside is nn.MultiheadAttention of PyTorch, whose batch is the second axis.
func inside() *accel.Program {
	w := &writer{r: rand.New(rand.NewPCG(39, 40))}
	rows := accel.RowsDim()
	reshape := func(x accel.ValueID, to ...accel.Dim) accel.ValueID { return w.Step(accel.Reshape{To: to}, x) }
	side, wide := accel.Fixed(tokens), accel.Fixed(width)
	x := w.Input(accel.BatchShape(tokens, width))
	all := reshape(w.linear(w.permuted(x, 1, 0, 2), 3*width), accel.Fixed(1), side, rows, accel.Fixed(3), wide)
	all = reshape(w.permuted(all, 3, 1, 2, 0, 4), accel.Fixed(3), side, rows, wide)
	part := func(i int, perm ...int) accel.ValueID {
		v := w.Step(accel.Gather{Axis: 0}, all, w.scalar(float64(i)))
		return w.permuted(reshape(v, side, accel.Dim{PerRow: heads}, accel.Fixed(inner)), perm...)
	}
	query := w.Step(accel.Binary{Fn: accel.Div}, part(0, 1, 0, 2), w.scalar(math.Sqrt(inner)))
	scores := w.Step(accel.Softmax{Axis: 2}, w.product(query, part(1, 1, 2, 0)))
	mixed := w.permuted(w.product(scores, part(2, 1, 0, 2)), 1, 0, 2)
	mixed = reshape(mixed, accel.Dim{PerRow: tokens}, wide)
	gemm := accel.MatMul{TransB: true, Alpha: 1, Beta: 1}
	out := w.Step(gemm, mixed, w.weights(width, width), w.weights(width))
	back := w.permuted(reshape(out, side, rows, wide), 1, 0, 2)
	return w.Program(w.Step(accel.Binary{Fn: accel.Add}, back, x))
}

func splits() map[string]*accel.Program {
	return map[string]*accel.Program{
		"one projection each":    attend(separate),
		"picked by index":        attend(together),
		"cut, both sides scaled": attend(sliced),
		"batch inside":           inside(),
	}
}

func TestAttentionIsProductsAndSoftmaxOnly(t *testing.T) {
	d := planned(t)
	for name, p := range splits() {
		plan, err := newPlan(d, p, 4, forBatch, packs{})
		require.NoError(t, err)
		for _, kind := range kinds(plan) {
			assert.Contains(t, []string{"*cpu.matMulStep", "*cpu.softmaxStep"}, kind, name)
		}
		assert.Len(t, plan.segments, 1, "%s: rows go through it on their own", name)
	}
}

func TestAttentionThatMovesNothingIsTheSame(t *testing.T) {
	onEachISA(t, func(t *testing.T, d *Device) {
		for _, p := range splits() {
			for _, rows := range []int{1, 5} {
				agrees(t, d, p, rows)
			}
		}
	})
}

// With more workers than heads, right sides are packed for all of them first.
func TestAttentionWithManyWorkersIsTheSame(t *testing.T) {
	d, err := New(Config{Threads: 8})
	require.NoError(t, err)
	for _, p := range splits() {
		agrees(t, d, p, 1)
		agrees(t, d, p, 9)
	}
	require.NoError(t, d.Close())
}

// What somebody else reads, or what a product cannot do, stays a step.
func TestMovesThatAreSeenStay(t *testing.T) {
	d := planned(t)
	for name, write := range map[string]func(w *writer, x accel.ValueID) []accel.ValueID{
		"an output": func(w *writer, x accel.ValueID) []accel.ValueID {
			turned := w.permuted(x, 0, 2, 1)
			return []accel.ValueID{w.product(turned, x), turned}
		},
		"an addend where the shapes say": func(w *writer, x accel.ValueID) []accel.ValueID {
			c := w.weights(tokens, tokens)
			scores := w.Step(accel.MatMul{TransB: true, Alpha: 1, Beta: 2}, x, x, c)
			return []accel.ValueID{w.permuted(scores, 0, 2, 1)}
		},
		"a scaled sum": func(w *writer, x accel.ValueID) []accel.ValueID {
			scores := w.Step(accel.MatMul{TransB: true, Alpha: 1, Beta: 2}, x, x, w.weights(tokens, tokens))
			return []accel.ValueID{w.Step(accel.Binary{Fn: accel.Mul}, scores, w.scalar(3))}
		},
		"columns in pieces": func(w *writer, x accel.ValueID) []accel.ValueID {
			y := w.permuted(w.shaped(w.product(x, w.weights(width, 6)), tokens, 3, 2), 0, 3, 2, 1)
			return []accel.ValueID{w.shaped(y, 6*tokens)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &writer{r: rand.New(rand.NewPCG(35, 36))}
			p := w.Program(write(w, w.Input(accel.BatchShape(tokens, width)))...)
			plan, err := newPlan(d, p, 4, forBatch, packs{})
			require.NoError(t, err)
			assert.Len(t, plan.kernels, 2)
			agrees(t, d, p, 4)
		})
	}
}

// A result that changes places is written there, a constant that does is packed
// from there, and a choice of every other column is read with its steps.
func TestProductsReadAndWriteElsewhere(t *testing.T) {
	for name, write := range map[string]func(w *writer, x accel.ValueID) accel.ValueID{
		"tokens become columns of heads": func(w *writer, x accel.ValueID) accel.ValueID {
			return w.permuted(w.shaped(w.linear(x, width), tokens, heads, inner), 0, 2, 1, 3)
		},
		"a turned constant": func(w *writer, x accel.ValueID) accel.ValueID {
			return w.product(x, w.permuted(w.weights(11, width), 1, 0))
		},
		"a turned left side": func(w *writer, x accel.ValueID) accel.ValueID {
			return w.product(w.permuted(x, 0, 2, 1), w.weights(tokens, 20))
		},
		"every other token": func(w *writer, x accel.ValueID) accel.ValueID {
			some := w.Step(accel.Slice{Axis: 1, Start: accel.Fixed(1), Count: accel.Fixed(3), Step: 2}, x)
			return w.product(some, w.weights(width, 20))
		},
		"every other column": func(w *writer, x accel.ValueID) accel.ValueID {
			some := w.Step(accel.Slice{Axis: 2, Start: accel.Fixed(1), Count: accel.Fixed(6), Step: 2}, x)
			return w.product(some, w.weights(6, 20))
		},
		"the last token": func(w *writer, x accel.ValueID) accel.ValueID {
			return w.product(w.Step(accel.Gather{Axis: 1}, x, w.scalar(-1)), w.weights(width, 20))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := &writer{r: rand.New(rand.NewPCG(37, 38))}
			p := w.Program(write(w, w.Input(accel.BatchShape(tokens, width))))
			onEachISA(t, func(t *testing.T, d *Device) { agrees(t, d, p, 5) })
		})
	}
}

// several adds up to three random moves.
func (w *writer) several(x accel.ValueID) accel.ValueID {
	for range w.r.IntN(4) {
		if len(w.Shape(x)) < maxRank-1 {
			x = move(&w.Builder, w.r, x)
		}
	}
	return x
}

// Any moves before and after products of any kind, against the plain loops.
func TestProductsBetweenRandomMovesAreTheSame(t *testing.T) {
	const rows = 3
	d := planned(t)
	melted := 0
	for seed := range uint64(3000) {
		w := &writer{r: rand.New(rand.NewPCG(seed, 48))}
		x := w.Input(accel.BatchShape(2, 3, 4))
		y := w.several(x)
		s := w.Shape(y)
		if len(s) < 2 {
			continue
		}
		if depth := s[len(s)-1]; depth.Static() && seed%2 == 0 {
			y = w.Step(accel.MatMul{Alpha: 1}, y, w.weights(depth.Fixed, 5))
		} else {
			op, right := accel.MatMul{Alpha: 0.5, TransB: true}, w.several(x)
			if _, err := op.Infer([]accel.Shape{s, w.Shape(right)}); err != nil {
				right = y
			}
			y = w.Step(op, y, right)
		}
		p := w.Program(w.several(y))
		plan, err := newPlan(d, p, rows, forBatch, packs{})
		require.NoError(t, err)
		if len(plan.kernels) == 1 && len(p.Steps) > 3 {
			melted++
		}
		agrees(t, d, p, rows)
	}
	require.Greater(t, melted, 100, "products without any move left")
}

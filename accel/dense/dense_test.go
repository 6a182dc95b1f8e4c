package dense

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everywhere runs a test with every instruction set of this processor.
func everywhere(t *testing.T, f func(t *testing.T, m *Math)) {
	for _, isa := range []string{"generic", "avx2", "avx512", "neon"} {
		m, err := New(isa)
		if err != nil {
			continue
		}
		t.Run(isa, func(t *testing.T) { f(t, m) })
	}
}

// drawn is a matrix of normal values, and not numbers where rows are filled up.
func drawn(m *Math, r *rand.Rand, rows, columns int) Matrix {
	x := m.Padded(nil, rows, columns)
	for i := range x.Data {
		x.Data[i] = float32(math.NaN())
	}
	for i := range rows {
		for j := range columns {
			x.Row(i)[j] = float32(r.NormFloat64())
		}
	}
	return x
}

func TestProductsAreThoseOfPlainLoops(t *testing.T) {
	everywhere(t, func(t *testing.T, m *Math) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, size := range [][3]int{{1, 1, 1}, {3, 5, 7}, {15, 64, 200}, {33, depthRun + 1, 16}, {29, 3 * depthRun, 49}} {
			left, columns := drawn(m, r, size[0], size[1]), drawn(m, r, size[2], size[1])
			right := m.Panels(nil, size[1], size[2])
			m.Transposed(&right, columns)

			byColumn, byRow := make([]float32, right.Padded()), make([]float32, left.Rows*m.Lanes)
			for j := range columns.Rows {
				byColumn[j] = float32(r.NormFloat64())
			}
			for i := range byRow {
				byRow[i] = float32(i / m.Lanes % 5)
			}
			out, panels := m.Padded(nil, left.Rows, columns.Rows), m.Panels(nil, left.Rows, columns.Rows)
			plain := Product{Left: left, Right: &right}
			plain.Into(out)
			m.Multiply(&plain)
			terms := Product{Left: left, Right: &right, ColumnTerms: byColumn, RowTerms: byRow, NotAbove0: true}
			terms.IntoPanels(&panels)
			m.Multiply(&terms)
			for i := range left.Rows {
				for j := range columns.Rows {
					want := 0.0
					for k, v := range left.Row(i) {
						want += float64(v) * float64(columns.Row(j)[k])
					}
					room := 1e-6 * float64(size[1])
					require.InDelta(t, want, out.Row(i)[j], room, "%v at %d, %d", size, i, j)
					want = min(want+float64(byColumn[j])+float64(byRow[i*m.Lanes]), 0)
					require.InDelta(t, want, *panels.At(i, j), room, "%v with terms at %d, %d", size, i, j)
				}
			}
		}
	})
}

func TestEqualRowsHaveEqualProducts(t *testing.T) {
	everywhere(t, func(t *testing.T, m *Math) {
		x := drawn(m, rand.New(rand.NewPCG(3, 4)), 45, 300)
		for i := range x.Rows {
			copy(x.Row(i), x.Row(0))
		}
		right, out := m.Panels(nil, 300, 45), m.Padded(nil, 45, 45)
		m.Transposed(&right, x)
		p := Product{Left: x, Right: &right}
		p.Into(out)
		m.Multiply(&p)
		for i := range out.Rows {
			for _, v := range out.Row(i) {
				require.Equal(t, out.Data[0], v, "row %d", i)
			}
		}
	})
}

func TestSymmetricProductsAreCopiedAcross(t *testing.T) {
	everywhere(t, func(t *testing.T, m *Math) {
		for _, n := range []int{1, 5, 33, 100} {
			x := drawn(m, rand.New(rand.NewPCG(11, 12)), n, 20)
			right, full, half := m.Panels(nil, 20, n), m.Panels(nil, n, n), m.Panels(nil, n, n)
			m.Transposed(&right, x)
			p := Product{Left: x, Right: &right}
			p.IntoPanels(&full)
			m.Multiply(&p)
			p.Symmetric = true
			p.IntoPanels(&half)
			m.Multiply(&p)
			for i := range n {
				for j := range n {
					require.Equal(t, *full.At(i, j), *half.At(i, j), "%d, %d of %d", i, j, n)
				}
			}
		}
	})
}

func TestSizesThatDoNotFitAreRefused(t *testing.T) {
	m, err := New("")
	require.NoError(t, err)
	right := m.Panels(nil, 3, 2)
	out := m.Padded(nil, 5, 2)
	p := Product{Left: m.Padded(nil, 5, 4), Right: &right}
	p.Into(out)
	assert.PanicsWithValue(t, "dense: multiply [5 4] and [3 2]: the sizes do not fit", func() { m.Multiply(&p) })
	assert.PanicsWithValue(t, "dense: transpose [5 2] and [3 2]: the sizes do not fit", func() { m.Transposed(&right, out) })

	_, err = New("abacus")
	require.ErrorContains(t, err, "abacus")
}

func TestPanelsHoldWhatTheirPlaceSays(t *testing.T) {
	everywhere(t, func(t *testing.T, m *Math) {
		x := drawn(m, rand.New(rand.NewPCG(5, 6)), 71, 3)
		p := m.Panels(nil, 3, 71)
		m.Transposed(&p, x)
		for i := range p.Count() {
			one := p.Alone(i)
			for k := range 3 {
				for at, v := range p.Piece(i, k) {
					j := i*p.Width() + at
					require.Equal(t, x.Row(j)[k], v)
					require.Equal(t, v, *p.At(k, j))
					require.Equal(t, v, *one.At(k, at))
					column, step := p.Column(j)
					require.Equal(t, v, column[k*step])
				}
			}
		}
	})
}

func TestColumnsBecomeDistributions(t *testing.T) {
	everywhere(t, func(t *testing.T, m *Math) {
		r := rand.New(rand.NewPCG(7, 8))
		c := m.NewColumns()
		for _, size := range [][2]int{{1, 1}, {2, 3}, {10, 200}, {33, 70}, {1000, 20}} {
			x, v := m.Padded(nil, size[0], size[1]), m.Padded(nil, size[0], size[1])
			for i := range x.Data {
				x.Data[i], v.Data[i] = float32(20*r.NormFloat64()), float32(r.Float64()+1e-10)
			}
			want, logs := softmaxed(x, v)
			assert.InDelta(t, logs, c.Softmax(x, v), 1e-6*math.Abs(logs)+1e-6, "%v", size)
			for k := range x.Rows {
				for i, got := range x.Row(k) {
					require.InDelta(t, want[k*x.Columns+i], got, 2e-6, "%v at %d, %d", size, k, i)
				}
			}
		}
	})
}

// softmaxed is v*e^x by column, scaled to sum to 1, and the sum of the logarithms of
// what it was divided by.
func softmaxed(x, v Matrix) (z []float64, logs float64) {
	z = make([]float64, x.Rows*x.Columns)
	for i := range x.Columns {
		sum := 0.0
		for k := range x.Rows {
			e := float64(v.Row(k)[i]) * math.Exp(float64(x.Row(k)[i]))
			z[k*x.Columns+i] = e
			sum += e
		}
		for k := range x.Rows {
			z[k*x.Columns+i] /= sum
		}
		logs += math.Log(sum)
	}
	return z, logs
}

func TestWarmCallsAllocateNothing(t *testing.T) {
	m, err := New("")
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(9, 10))
	left, columns, v := drawn(m, r, 20, 40), drawn(m, r, 30, 40), m.Padded(nil, 20, 30)
	for i := range v.Data {
		v.Data[i] = 1
	}
	right, out, c := m.Panels(nil, 40, 30), m.Padded(nil, 20, 30), m.NewColumns()
	assert.Zero(t, testing.AllocsPerRun(5, func() {
		right = m.Panels(right.Data, 40, 30)
		m.Transposed(&right, columns)
		p := Product{Left: left, Right: &right}
		p.Into(out)
		m.Multiply(&p)
		c.Softmax(out, v)
	}))
}

func TestProductsBeyondFloat64HaveLogarithms(t *testing.T) {
	var x []float64
	for _, v := range []float64{1e-10, 1e9, 0.5} {
		for range 300 {
			x = append(x, v)
		}
	}
	want := 300 * (math.Log(1e-10) + math.Log(1e9) + math.Log(0.5))
	assert.InDelta(t, want, sumOfLogs(x), 1e-9*math.Abs(want))
	assert.True(t, math.IsNaN(sumOfLogs([]float64{1, math.NaN(), 1})))
}

func ExampleMath_Multiply() {
	m, err := New("generic")
	if err != nil {
		panic(err)
	}
	left := Matrix{Data: []float32{1, 2, 3, 4}, Rows: 2, Columns: 2, Step: 2}
	columns := Matrix{Data: []float32{1, 1, 0, 1}, Rows: 2, Columns: 2, Step: 2} // of the right side
	right := m.Panels(nil, 2, 2)
	m.Transposed(&right, columns)
	out := m.Padded(nil, 2, 2)
	p := Product{Left: left, Right: &right}
	p.Into(out)
	m.Multiply(&p)
	fmt.Println(out.Row(0), out.Row(1))
	// Output: [3 2] [7 4]
}

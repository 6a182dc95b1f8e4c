package vector

// The functions of this file and of curves.go go element by element over y, whose
// length may be any. Operands are at least as long, or the call panics, whatever
// lies behind them; y may be one of them, but must not overlap one in any other way.

// Add fills y with a + b.
func (f Family) Add(y, a, b []float32) { f.add(y, a[:len(y):len(a)], b[:len(y):len(b)]) }

// Sub fills y with a - b.
func (f Family) Sub(y, a, b []float32) { f.sub(y, a[:len(y):len(a)], b[:len(y):len(b)]) }

// Mul fills y with a * b.
func (f Family) Mul(y, a, b []float32) { f.mul(y, a[:len(y):len(a)], b[:len(y):len(b)]) }

// Div fills y with a / b.
func (f Family) Div(y, a, b []float32) { f.div(y, a[:len(y):len(a)], b[:len(y):len(b)]) }

// Max fills y with the larger of a and b, NaN where one of them is.
func (f Family) Max(y, a, b []float32) { f.larger(y, a[:len(y):len(a)], b[:len(y):len(b)]) }

// Min fills y with the smaller of a and b, NaN where one of them is.
func (f Family) Min(y, a, b []float32) { f.smaller(y, a[:len(y):len(a)], b[:len(y):len(b)]) }

// AddScalar fills y with x + k.
func (f Family) AddScalar(y, x []float32, k float32) { f.addScalar(y, x[:len(y):len(x)], k) }

// SubScalar fills y with x - k.
func (f Family) SubScalar(y, x []float32, k float32) { f.subScalar(y, x[:len(y):len(x)], k) }

// MulScalar fills y with x * k.
func (f Family) MulScalar(y, x []float32, k float32) { f.mulScalar(y, x[:len(y):len(x)], k) }

// DivScalar fills y with x / k.
func (f Family) DivScalar(y, x []float32, k float32) { f.divScalar(y, x[:len(y):len(x)], k) }

// MaxScalar fills y with the larger of x and k, NaN where one of them is.
func (f Family) MaxScalar(y, x []float32, k float32) { f.largerScalar(y, x[:len(y):len(x)], k) }

// MinScalar fills y with the smaller of x and k, NaN where one of them is.
func (f Family) MinScalar(y, x []float32, k float32) { f.smallerScalar(y, x[:len(y):len(x)], k) }

// ScalarSub fills y with k - x.
func (f Family) ScalarSub(y, x []float32, k float32) { f.scalarSub(y, x[:len(y):len(x)], k) }

// ScalarDiv fills y with k / x.
func (f Family) ScalarDiv(y, x []float32, k float32) { f.scalarDiv(y, x[:len(y):len(x)], k) }

// Clip fills y with x held between low and high.
func (f Family) Clip(y, x []float32, low, high float32) { f.clip(y, x[:len(y):len(x)], low, high) }

// Affine fills y with k*x + b.
func (f Family) Affine(y, x []float32, k, b float32) { f.affine(y, x[:len(y):len(x)], k, b) }

// Standardize fills y with (x-mean)*k + b: what a channel far from zero needs,
// where k*x and b - k*mean would nearly cancel.
func (f Family) Standardize(y, x []float32, mean, k, b float32) {
	f.standardize(y, x[:len(y):len(x)], mean, k, b)
}

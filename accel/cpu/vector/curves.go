package vector

// Exp fills y with e^x, to two units in the last place.
func (f Family) Exp(y, x []float32) { f.exp(y, x[:len(y):len(x)]) }

// Sigmoid fills y with 1/(1+e^-x).
func (f Family) Sigmoid(y, x []float32) { f.sigmoid(y, x[:len(y):len(x)]) }

// Silu fills y with x times its sigmoid.
func (f Family) Silu(y, x []float32) { f.silu(y, x[:len(y):len(x)]) }

// Tanh fills y with the hyperbolic tangent of x.
func (f Family) Tanh(y, x []float32) { f.tanh(y, x[:len(y):len(x)]) }

// Erf fills y with the error function of x.
func (f Family) Erf(y, x []float32) { f.erf(y, x[:len(y):len(x)]) }

// Gelu fills y with x*(1+erf(x/sqrt 2))/2 (Hendrycks and Gimpel, 2016,
// arXiv:1606.08415).
func (f Family) Gelu(y, x []float32) { f.gelu(y, x[:len(y):len(x)]) }

// GeluTanh fills y with the same paper's approximation of Gelu by a tangent.
func (f Family) GeluTanh(y, x []float32) { f.geluTanh(y, x[:len(y):len(x)]) }

// HardSigmoid fills y with k*x + b held between 0 and 1.
func (f Family) HardSigmoid(y, x []float32, k, b float32) { f.hardSigmoid(y, x[:len(y):len(x)], k, b) }

// LeakyRelu fills y with x, times slope where x is below zero.
func (f Family) LeakyRelu(y, x []float32, slope float32) { f.leakyRelu(y, x[:len(y):len(x)], slope) }

// HardSwish fills y with x*HardSigmoid(x) of k = 1/6 and b = 1/2.
func (f Family) HardSwish(y, x []float32) { f.hardSwish(y, x[:len(y):len(x)]) }

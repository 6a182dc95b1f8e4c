package accel

// Op is one operator with its attributes. The set is closed: a device switches
// over the concrete types of this package. Operands are listed in the type's
// comment in the order of Step.In; an operand marked ? may be NoValue.
type Op interface {
	// Kind is the operator's name in listings and errors: Conv, Gemm, Norm, ...
	Kind() string
	// Infer returns the shapes of the results, or an error that says which
	// operand does not fit and why.
	Infer(in []Shape) ([]Shape, error)
}

// Conv is a 2-D cross-correlation: x [N C H W], w [M C/Groups KH KW], b? [M].
// 1-D convolutions are given as 2-D ones of height 1.
type Conv struct {
	Stride   [2]int // rows, columns
	Dilation [2]int
	Pad      [4]int // top, left, bottom, right
	Groups   int
}

// Norm normalizes axis 1 (channels): x [N C ...], gamma [C], beta [C], mean [C],
// variance [C]; y = gamma*(x-mean)/sqrt(variance+Eps) + beta. Which moments are
// used in a run is the NormRule's business.
//
// A Virtual norm stands where the export had none (see models: calibration): in
// source mode it does no arithmetic at all, so the source model keeps its bits.
type Norm struct {
	Eps     float32
	Virtual bool
}

// MatMul multiplies the last two axes, broadcasting the others as NumPy does:
// a [... M K], b [... K P] (b [... P K] when TransB), c? broadcastable to the
// result; result = Alpha*a*b + Beta*c. Rank-1 operands are reshaped by the importer.
type MatMul struct {
	TransA, TransB bool
	Alpha, Beta    float32
}

// Map applies a function of one value to every element: x.
type Map struct {
	Fn   MapFn
	A, B float32 // meaning depends on Fn
}

// MapFn is a function of one value.
type MapFn string

// Functions of one value. A and B are the parameters of Map.
const (
	Relu        MapFn = "Relu"
	LeakyRelu   MapFn = "LeakyRelu" // A: slope below zero
	Elu         MapFn = "Elu"       // A: alpha
	Clip        MapFn = "Clip"      // A: lowest, B: highest
	Sigmoid     MapFn = "Sigmoid"
	HardSigmoid MapFn = "HardSigmoid" // max(0, min(1, A*x+B))
	HardSwish   MapFn = "HardSwish"   // x*HardSigmoid(x) with A=1/6, B=1/2
	Silu        MapFn = "Silu"
	Tanh        MapFn = "Tanh"
	Gelu        MapFn = "Gelu"     // exact: x*(1+erf(x/sqrt 2))/2
	GeluTanh    MapFn = "GeluTanh" // the tanh approximation
	Erf         MapFn = "Erf"
	Exp         MapFn = "Exp"
	Log         MapFn = "Log"
	Sqrt        MapFn = "Sqrt"
	Reciprocal  MapFn = "Reciprocal"
	Neg         MapFn = "Neg"
	Abs         MapFn = "Abs"
	Floor       MapFn = "Floor"
	Ceil        MapFn = "Ceil"
	Round       MapFn = "Round" // half to even
	Trunc       MapFn = "Trunc" // a cast to an integer type
	Softplus    MapFn = "Softplus"
	Not         MapFn = "Not"    // 1 where x is 0, else 0
	Affine      MapFn = "Affine" // A*x + B
)

// Binary combines two operands element by element with NumPy broadcasting: a, b.
// Comparisons yield 1 or 0.
type Binary struct{ Fn BinaryFn }

// BinaryFn is a function of two values.
type BinaryFn string

// Functions of two values.
const (
	Add          BinaryFn = "Add"
	Sub          BinaryFn = "Sub"
	Mul          BinaryFn = "Mul"
	Div          BinaryFn = "Div"
	Pow          BinaryFn = "Pow"
	Min          BinaryFn = "Min"
	Max          BinaryFn = "Max"
	Mod          BinaryFn = "Mod" // sign of the divisor, as ONNX with fmod=0
	Equal        BinaryFn = "Equal"
	Less         BinaryFn = "Less"
	LessEqual    BinaryFn = "LessOrEqual"
	Greater      BinaryFn = "Greater"
	GreaterEqual BinaryFn = "GreaterOrEqual"
	And          BinaryFn = "And"
	Or           BinaryFn = "Or"
	PRelu        BinaryFn = "PRelu" // a < 0 ? a*b : a
)

// Where selects element by element with broadcasting: cond, a, b; a where cond is not 0.
type Where struct{}

// Pool slides a window over the last two axes: x [N C H W].
type Pool struct {
	Fn           PoolFn
	Kernel       [2]int
	Stride       [2]int
	Dilation     [2]int
	Pad          [4]int // top, left, bottom, right
	Ceil         bool
	CountPadding bool // Average: padding counts in the divisor
}

// PoolFn is what a pooling window computes.
type PoolFn string

// Pooling functions.
const (
	PoolMax     PoolFn = "Max"
	PoolAverage PoolFn = "Average"
)

// Reduce folds the given axes: x. Axes are sorted, non-negative and distinct.
type Reduce struct {
	Fn       ReduceFn
	Axes     []int
	KeepDims bool
}

// ReduceFn is how Reduce folds.
type ReduceFn string

// Reductions.
const (
	ReduceSum  ReduceFn = "Sum"
	ReduceMean ReduceFn = "Mean"
	ReduceMax  ReduceFn = "Max"
	ReduceMin  ReduceFn = "Min"
	ReduceL2   ReduceFn = "L2"
)

// Softmax normalizes exponentials along Axis: x. Log gives log-softmax.
type Softmax struct {
	Axis int
	Log  bool
}

// LayerNorm normalizes over the axes from Axis on, row by row: x, scale, bias?.
// It has no running statistics and is not a norm node.
type LayerNorm struct {
	Axis int
	Eps  float32
}

// InstanceNorm normalizes each channel of each row over its positions: x [N C ...],
// scale [C], bias [C]. It has no running statistics and is not a norm node.
type InstanceNorm struct{ Eps float32 }

// Reshape gives the same elements another shape: x. Each extent of To holds for
// every row count.
type Reshape struct{ To Shape }

// Transpose permutes axes: x; result axis i is operand axis Perm[i].
type Transpose struct{ Perm []int }

// Concat joins along Axis: two or more operands.
type Concat struct{ Axis int }

// Slice takes Count elements from Start in steps of Step (may be negative)
// along Axis: x. Several axes are several steps.
type Slice struct {
	Axis  int
	Start Dim
	Count Dim
	Step  int
}

// Pad adds elements around x. Before and After have one entry an axis.
type Pad struct {
	Before, After []int
	Mode          PadMode
	Value         float32 // PadConstant
}

// PadMode is what padding is filled with.
type PadMode string

// Padding modes.
const (
	PadConstant PadMode = "constant"
	PadReflect  PadMode = "reflect"
	PadEdge     PadMode = "edge"
)

// Gather picks slices of data along Axis by index: data, indices. Negative
// indices count from the end; an index outside the axis is an error of the run.
type Gather struct{ Axis int }

// Expand broadcasts x to the shape To.
type Expand struct{ To Shape }

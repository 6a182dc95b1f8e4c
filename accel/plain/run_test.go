package plain_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/plain"
)

// doubled is [N 2] -> norm -> [2N] for any number of rows.
func doubled() *accel.Program {
	vec := func(name string, v ...float32) accel.Value {
		return accel.Value{Name: name, Shape: accel.StaticShape(len(v)), Const: v}
	}
	long := accel.Shape{{PerRow: 2}}
	return &accel.Program{
		Values: []accel.Value{
			{Name: "x", Shape: accel.BatchShape(2)},
			vec("gamma", 1, 1), vec("beta", 0, 0), vec("mean", 1, 1), vec("variance", 4, 4),
			{Name: "y", Shape: accel.BatchShape(2)}, {Name: "z", Shape: long},
		},
		Steps: []accel.Step{
			{Name: "bn", Op: accel.Norm{}, In: []accel.ValueID{0, 1, 2, 3, 4}, Out: []accel.ValueID{5}},
			{Name: "flat", Op: accel.Reshape{To: long}, In: []accel.ValueID{5}, Out: []accel.ValueID{6}},
		},
		Inputs: []accel.ValueID{0}, Outputs: []accel.ValueID{6}, NormSteps: []int{0},
	}
}

func TestRunTakesAnyNumberOfRows(t *testing.T) {
	for _, rows := range []int{1, 3} {
		got, err := plain.Run(doubled(), []*accel.Tensor{ramp(rows, 2)}, rows, nil)
		require.NoError(t, err)
		assert.Equal(t, []int{2 * rows}, got.Outputs[0].Shape)
		assert.Equal(t, []float32{-0.5, 0}, got.Outputs[0].Data[:2])
	}
}

func TestRunUsesOneRulePerNorm(t *testing.T) {
	rules := []accel.NormRule{{Mode: accel.NormGiven, Mean: []float32{0, 0}, Var: []float32{1, 1}}}
	got, err := plain.Run(doubled(), []*accel.Tensor{ramp(1, 2)}, 1, rules)
	require.NoError(t, err)
	assert.Equal(t, []float32{0, 1}, got.Outputs[0].Data)
	assert.Equal(t, []float32{0, 1}, got.Norms[0].Mean)
}

func TestRunRefusesWhatDoesNotFit(t *testing.T) {
	broken := doubled()
	broken.Steps[1].In[0] = 6
	tests := []struct {
		name  string
		p     *accel.Program
		in    []*accel.Tensor
		rules []accel.NormRule
		want  string
	}{
		{"inputs", doubled(), nil, nil, "0 inputs of 2 rows, want 1 of 1 row or more"},
		{"input length", doubled(), []*accel.Tensor{ramp(3)}, nil, `input "x": 3 values, want shape [2 2]`},
		{"rules", doubled(), []*accel.Tensor{ramp(2, 2)}, make([]accel.NormRule, 2), "2 norm rules for 1 norm steps"},
		{"rule", doubled(), []*accel.Tensor{ramp(2, 2)}, []accel.NormRule{{Mode: accel.NormBlend, SourceWeight: 2}},
			`node "bn": norm rule 0: source weight 2 is outside [0,1]`},
		{"order", broken, []*accel.Tensor{ramp(2, 2)}, nil, `node "flat": op Reshape: operand 0 is value 6, which is not computed before`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := plain.Run(tt.p, tt.in, 2, tt.rules)
			require.EqualError(t, err, tt.want)
		})
	}
}

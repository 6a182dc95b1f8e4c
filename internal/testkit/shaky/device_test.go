package shaky_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/internal/testkit/shaky"
)

func TestTroubleIsToldByTheWait(t *testing.T) {
	for name, isLate := range map[string]bool{"at once": false, "late": true} {
		t.Run(name, func(t *testing.T) {
			d := shaky.New(t)
			d.Late = isLate
			p := &accel.Program{
				Values: []accel.Value{{Name: "x", Shape: accel.BatchShape(1)}, {Name: "y", Shape: accel.BatchShape(1)}},
				Steps:  []accel.Step{{Name: "neg", Op: accel.Map{Fn: accel.Neg}, In: []accel.ValueID{0}, Out: []accel.ValueID{1}}},
				Inputs: []accel.ValueID{0}, Outputs: []accel.ValueID{1},
			}
			e, err := d.Compile(p, 1)
			require.NoError(t, err)
			x, err := d.Alloc(1)
			require.NoError(t, err)
			y, err := d.Alloc(1)
			require.NoError(t, err)
			s, err := d.NewStream()
			require.NoError(t, err)
			broken := errors.New("broken")
			for _, trouble := range []*shaky.Trouble{{Err: broken}, {Add: 1}, nil} {
				d.Suffer(trouble)
				got := []float32{0}
				require.NoError(t, s.Upload(x, []float32{3}))
				require.NoError(t, s.Run(e, 1, accel.Args{Inputs: []accel.Buffer{x}, Outputs: []accel.Buffer{y}}))
				require.NoError(t, s.Download(got, y))
				err := s.Sync(context.Background())
				switch {
				case trouble == nil:
					require.NoError(t, err)
					require.Equal(t, []float32{-3}, got)
				case trouble.Err != nil:
					require.ErrorIs(t, err, broken)
				default:
					require.NoError(t, err)
					require.Equal(t, []float32{-2}, got)
				}
			}
			require.NoError(t, errors.Join(s.Close(), x.Free(), y.Free(), e.Close(), d.Close()))
		})
	}
}

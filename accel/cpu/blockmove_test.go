package cpu_test

import (
	"math/rand/v2"
	"testing"

	"ttad/accel"
	"ttad/accel/acceltest"
	"ttad/accel/cpu"
)

func TestSlicesAndPadsKeepBlocks(t *testing.T) {
	slice := func(axis, start, count, step int) accel.Op {
		return accel.Slice{Axis: axis, Start: accel.Fixed(start), Count: accel.Fixed(count), Step: step}
	}
	pad := func(value float32, before, after [3]int) accel.Op {
		return accel.Pad{
			Mode: accel.PadConstant, Value: value,
			Before: append([]int{0}, before[:]...), After: append([]int{0}, after[:]...),
		}
	}
	for name, ops := range map[string][]accel.Op{
		"every other row":        {slice(2, 0, 5, 2)},
		"every other column":     {slice(3, 1, 8, 2)},
		"columns backwards":      {slice(3, 16, 6, -3)},
		"some columns":           {slice(3, 4, 9, 1)},
		"some channels":          {slice(1, 3, 12, 1)},
		"whole blocks":           {slice(1, 16, 16, 1)},
		"channels around":        {pad(0, [3]int{8, 0, 0}, [3]int{8, 0, 0})},
		"a block before":         {pad(0, [3]int{16, 0, 0}, [3]int{0, 0, 0})},
		"pixels around":          {pad(-1.5, [3]int{0, 1, 2}, [3]int{0, 3, 0})},
		"a shortcut of ResNet's": {slice(2, 0, 5, 2), slice(3, 0, 9, 2), pad(0, [3]int{9, 0, 0}, [3]int{9, 0, 0})},
	} {
		t.Run(name, func(t *testing.T) {
			eachISA(t, func(t *testing.T, c cpu.Config) {
				r := rand.New(rand.NewPCG(1, 2))
				b := &acceltest.Builder{}
				one := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Groups: 1}
				h := b.Step(one, b.Input(accel.BatchShape(5, 9, 17)), b.Const(noise(r, 37, 5, 1, 1)))
				kernels := []string{"direct"}
				for _, op := range ops {
					h = b.Step(op, h)
					kernels = append(kernels, "blockMove")
				}
				same := accel.Conv{Stride: [2]int{1, 1}, Dilation: [2]int{1, 1}, Pad: [4]int{1, 1, 1, 1}, Groups: 1}
				y := b.Step(same, h, b.Const(noise(r, 4, b.Shape(h)[1].Fixed, 3, 3)))
				c.Winograd = "off"
				agrees(t, c, b.Program(y), noise(r, 2, 5, 9, 17), append(kernels, "direct")...)
			})
		})
	}
}

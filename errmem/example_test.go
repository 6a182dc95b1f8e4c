package errmem_test

import (
	"fmt"

	"ttad/errmem"
)

// A classifier says class 0 of a kind of row that labels say is class 1.
func ExampleExact() {
	memory, err := errmem.NewExact(errmem.ExactConfig{
		Dim: 2, Classes: 2, Capacity: 2000, Neighbours: 10, Temperature: 0.1, Bases: true,
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	memory.Write(errmem.Entry{Row: 1, Key: []float32{3, 1}, Label: 1, Base: []float32{0.9, 0.1}})
	memory.Write(errmem.Entry{Row: 2, Key: []float32{-1, 2}, Label: 0, Base: []float32{0.8, 0.2}})

	var r errmem.Reading
	memory.Read([]float32{3, 1.1}, 1, &r)
	fmt.Printf("found %.0f, labels %.2f, given %.2f\n", r.Support[0], r.LabelMean, r.BaseMean)
	// Output: found 2, labels [0.00 1.00], given [0.90 0.10]
}

func ExampleSketch() {
	memory, err := errmem.NewSketch(errmem.SketchConfig{
		Dim: 2, Classes: 2, Arrays: 20, Bits: 8, Temperature: 0.1, Decay: 0.8, DecayEvery: 500, Seed: 1,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for row := range uint64(100) {
		memory.Write(errmem.Entry{Row: row, Key: []float32{1, 1}, Label: 1})
	}
	var r errmem.Reading
	memory.Read([]float32{2, 2}, 1, &r)
	fmt.Printf("%.0f rows a bucket, labels %.2f\n", r.Support[0], r.LabelMean)
	// Output: 100 rows a bucket, labels [0.00 1.00]
}

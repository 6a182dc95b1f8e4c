package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/internal/networks"
	"ttad/models"
	"ttad/tta"
	"ttad/tta/lame"
)

// LAME's batches, as torch_lame.py knows them: rows of features followed by logits.
const (
	lameFeatures = 64
	lameClasses  = 10
)

// adjusting lists LAME's jobs, which have no model.
func (w workload) adjusting(dir string) (jobs []job, err error) {
	j := job{workload: w}
	for _, rows := range w.rows {
		j.shape = []int{rows, lameFeatures + lameClasses}
		j.input = filepath.Join(dir, fmt.Sprintf("%d.bin", rows))
		if err := os.WriteFile(j.input, floatBytes(nil, drawClusters(rows)), 0o644); err != nil {
			return nil, fmt.Errorf("%s: write a batch: %w", w.name, err)
		}
		for _, j.on = range w.threads {
			jobs = append(jobs, j)
		}
	}
	return jobs, nil
}

// drawClusters draws rows whose features lie around one direction a class and whose
// logits lean to that class, not always enough.
func drawClusters(rows int) []float32 {
	r := rand.New(rand.NewPCG(uint64(rows), 2))
	centres := networks.Draw(3, lameClasses*lameFeatures, 1)
	var out []float32
	for range rows {
		class := r.IntN(lameClasses)
		for _, v := range centres[class*lameFeatures:][:lameFeatures] {
			out = append(out, v+float32(0.5*r.NormFloat64()))
		}
		for k := range lameClasses {
			lean := 0.0
			if k == class {
				lean = 1
			}
			out = append(out, float32(lean+2*r.NormFloat64()))
		}
	}
	return out
}

// openLAME adjusts the task's rows, beginning with their probabilities.
func openLAME(t task, c cpu.Config, use func(batch) error) error {
	rows, err := readBatch(t.Input, t.Shape)
	if err != nil {
		return err
	}
	cfg := lame.Spec().NewConfig().(*lame.Config)
	s, err := lame.New(tta.Env{ISA: c.ISA}, cfg)
	if err != nil {
		return err
	}
	n := rows.Rows()
	b, out, logits := &tta.Batch{Rows: n}, &models.Output{Features: accel.NewTensor(n, lameFeatures)}, accel.NewTensor(n, lameClasses)
	for i := range n {
		copy(out.Features.Row(i), rows.Row(i)[:lameFeatures])
		copy(logits.Row(i), rows.Row(i)[lameFeatures:])
	}
	given, probs := accel.NewTensor(n, lameClasses), accel.NewTensor(n, lameClasses)
	tta.Softmax(given, logits)
	return use(func(ctx context.Context) ([]float32, error) {
		copy(probs.Data, given.Data)
		return probs.Data, s.Correct(ctx, b, out, probs)
	})
}

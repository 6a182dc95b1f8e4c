// Package lame adjusts the probabilities of a batch so that rows with similar
// features get similar answers, and leaves the model alone. It looks for rows z_i
// of the simplex that minimize
//
//	sum_i KL(z_i || q_i) - sum_ij w_ij z_i.z_j
//
// for the probabilities q it is given and affinities w of the features, by the
// fixed-point iteration z <- softmax(log q + W z), row by row.
//
// Source: Boudiaf et al., Parameter-free online test-time adaptation, CVPR 2022,
// arXiv 2201.05718.
//
// It assumes that neighbours share a label. On streams whose classes come
// shuffled that is wrong often enough to do great harm, up to every row of a
// batch taking one class; on streams where classes come in runs it is the
// strongest of the methods that do not touch the model.
package lame

import (
	"context"
	_ "embed"
	"fmt"

	"ttad/accel"
	"ttad/accel/dense"
	"ttad/models"
	"ttad/tta"
)

//go:embed doc.md
var doc string

// Affinities of Config.
const (
	RBF    = "rbf"
	KNN    = "knn"
	Linear = "linear"
)

// Config has the strategy's parameters.
type Config struct {
	Affinity       string  `yaml:"affinity" doc:"How similar two rows' features are: rbf is a Gaussian of their distance whose width is the mean distance to the neighbors-th row; knn is 1 for the nearest neighbors, else 0; linear is the cosine." enum:"rbf,knn,linear" reload:"hot" tune:"rbf,knn,linear"`
	Neighbors      int     `yaml:"neighbors" doc:"Rows that count as near, for rbf and knn; rbf counts the row itself as the first." range:"[1,1000]" reload:"hot" tune:"1,3,5,10"`
	MaxIterations  int     `yaml:"max_iterations" doc:"Steps after which the iteration stops at the latest." range:"[1,10000]" reload:"hot"`
	ForceSymmetry  bool    `yaml:"force_symmetry" doc:"Average the affinity of i to j with that of j to i; knn affinities are not symmetric by themselves, and only symmetric ones are sure to settle." reload:"hot"`
	MinRows        int     `yaml:"min_rows" doc:"Smaller batches pass unchanged, as does a batch of one row; reference_exact adjusts them all." range:"[1,65536]" reload:"hot"`
	MinDiversity   float64 `yaml:"min_diversity" doc:"Pass the batch unchanged when the effective number of classes, exp of the entropy of the mean probabilities, would fall below this share of what it was. 0.5 catches a batch pulled to one class; 0 is off." range:"[0,1]" reload:"hot"`
	ReferenceExact bool    `yaml:"reference_exact" doc:"Repeat the published code to the letter: single rows too, its treatment of equal rows in knn, and its last iterate when it does not settle." reload:"hot"`
}

// maxBlock bounds the affinity matrix: a batch of more rows is adjusted in
// consecutive blocks of nearly equal size.
const maxBlock = 4096

// Strategy adjusts batches. It carries nothing from one to the next but memory.
type Strategy struct {
	cfg      Config
	affinity affinity
	solver   solver
	answer   []float32
}

// New builds the strategy. It fails where the processor has no such instructions
// as env names.
func New(env tta.Env, cfg *Config) (*Strategy, error) {
	m, err := dense.New(env.ISA)
	if err != nil {
		return nil, err
	}
	s := &Strategy{cfg: *cfg}
	s.affinity.math, s.solver.math, s.solver.columns = m, m, m.NewColumns()
	return s, nil
}

// Needs asks for the features.
func (s *Strategy) Needs() tta.Needs { return tta.Needs{Keep: models.Keep{Features: true}} }

// Correct adjusts probs in place, block by block. Its error is ctx's.
func (s *Strategy) Correct(ctx context.Context, b *tta.Batch, out *models.Output, probs *accel.Tensor) error {
	if b.Rows < s.cfg.MinRows && !s.cfg.ReferenceExact {
		return nil
	}
	blocks := (b.Rows + maxBlock - 1) / maxBlock
	for i := range blocks {
		from, to := b.Rows*i/blocks, b.Rows*(i+1)/blocks
		if err := s.adjust(ctx, rowsOf(out.Features, from, to), rowsOf(probs, from, to)); err != nil {
			return fmt.Errorf("rows %d to %d: %w", from, to-1, err)
		}
	}
	return nil
}

// matrix is rows of equal width, row-major.
type matrix struct {
	data        []float32
	rows, width int
}

func (m matrix) row(i int) []float32 { return m.data[i*m.width : (i+1)*m.width] }

func rowsOf(t *accel.Tensor, from, to int) matrix {
	w := t.RowLen()
	return matrix{data: t.Data[from*w : to*w], rows: to - from, width: w}
}

// adjust solves one block.
func (s *Strategy) adjust(ctx context.Context, features, probs matrix) error {
	if probs.rows == 1 && !s.cfg.ReferenceExact {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.affinity.set(features, probs)
	if s.affinity.others == 0 {
		return nil // nobody hears anybody
	}
	s.affinity.build(&s.cfg)
	if err := s.solver.solve(ctx, &s.cfg, &s.affinity, probs); err != nil {
		return err
	}
	s.answer = resized(s.answer, len(probs.data))
	z := matrix{data: s.answer, rows: probs.rows, width: probs.width}
	s.solver.answer(z)
	if s.cfg.MinDiversity > 0 && diversity(z, &s.affinity.space) < s.cfg.MinDiversity*diversity(probs, &s.affinity.space) {
		return nil
	}
	for i := range probs.rows {
		if s.affinity.given[i] {
			copy(probs.row(i), z.row(i))
		}
	}
	return nil
}

// Spec describes the strategy.
func Spec() tta.Spec {
	return tta.Spec{
		Name:     "lame",
		Title:    "LAME",
		Summary:  "Makes rows with similar features answer alike, within a batch and without touching the model.",
		Doc:      doc,
		Citation: "M. Boudiaf, R. Mueller, I. Ben Ayed and L. Bertinetto, Parameter-free online test-time adaptation, CVPR 2022, arXiv:2201.05718",
		Place:    tta.PlaceLocal,
		NewConfig: func() any {
			return &Config{Affinity: RBF, Neighbors: 5, MaxIterations: 100, MinRows: 2}
		},
		New:     func(env tta.Env, cfg any) (tta.Strategy, error) { return New(env, cfg.(*Config)) },
		Example: "lame: {affinity: knn, neighbors: 5}",
	}
}

// Package alphabn mixes the source statistics of every normalization node with
// the statistics of the batch at hand, inside one forward and without training.
//
// For a node's actual input x, per channel, with mu_b and v_b the batch mean and
// variance over rows and positions and w the weight of the source:
//
//	mu = w*mu_s + (1-w)*mu_b
//	v  = w*v_s + (1-w)*v_b                          combine: blend
//	v  = w*v_s + (1-w)*v_b + w(1-w)(mu_s-mu_b)^2    combine: pool
//	y  = gamma*(x-mu)/sqrt(v+eps) + beta
//
// w is constant (source_weight) or M/(M+n) for a batch of n rows (pseudo_count M).
//
// Sources: You, Li and Zhao 2021, arXiv 2110.04065 (mixing); Schneider et al.
// 2020, arXiv 2006.16971 (pseudo-count); Nado et al. 2020, arXiv 2006.10963
// (w = 0).
//
// It fails on batches sorted by class, whose mean is the class and not the
// shift, on small batches with a small w, and on batches that mix domains.
package alphabn

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

//go:embed doc.md
var doc string

// Words of Config.
const (
	Blend    = "blend"
	Pool     = "pool"
	Biased   = "biased"
	Unbiased = "unbiased"
)

// DefaultSourceWeight holds where neither weight nor pseudo-count is given.
const DefaultSourceWeight = 0.9

// Config has the strategy's parameters.
type Config struct {
	SourceWeight  *float64 `yaml:"source_weight" doc:"Weight of the source statistics: 1 is the source model, 0 uses the batch alone. Default 0.9, unless pseudo_count is given." range:"[0,1]" reload:"hot" tune:"0,0.1,0.3,0.5,0.7,0.9,0.95,1"`
	PseudoCount   *float64 `yaml:"pseudo_count" doc:"Instead of source_weight: the source statistics count as this many rows, so that larger batches are trusted more." range:"[0,1e9]" reload:"hot"`
	Combine       string   `yaml:"combine" doc:"blend mixes means and variances linearly; pool also adds the distance of the means to the variance, as the union of both would have." enum:"blend,pool" reload:"hot"`
	BatchVariance string   `yaml:"batch_variance" doc:"biased divides by n, as training-mode normalization does; unbiased by n-1, as public implementations of alpha-BN do." enum:"biased,unbiased" reload:"hot"`
	MinRows       int      `yaml:"min_rows" doc:"Smaller batches are answered by the source model." range:"[1,65536]" reload:"hot"`
	Exclude       []string `yaml:"exclude" doc:"Norm nodes to leave at their source statistics, by name; * stands for any text. 'ttad model FILE' lists the names." reload:"hot"`
	IncludeLogits bool     `yaml:"include_logits" doc:"Also re-standardise the logits, where a calibration put a norm on them." reload:"hot"`
}

// Check holds the rule across fields.
func (c *Config) Check(report func(path, message string)) {
	if c.SourceWeight != nil && c.PseudoCount != nil {
		report("pseudo_count", "source_weight and pseudo_count both say how much the source counts; give one of them")
	}
}

// Strategy is alpha-BN on one model. It carries nothing from batch to batch.
type Strategy struct {
	cfg    Config
	chosen []bool
	keyed  string // the part of the key that does not depend on the rows
	rules  []accel.NormRule

	weight float32 // of the batch before, and its key
	key    string
}

// New builds the strategy.
func New(env tta.Env, cfg *Config) (*Strategy, error) {
	chosen, err := tta.SelectNorms(env.Norms, cfg.Exclude, cfg.IncludeLogits)
	if err != nil {
		return nil, err
	}
	var problem error
	cfg.Check(func(path, message string) { problem = fmt.Errorf("%s: %s", path, message) })
	if problem != nil {
		return nil, problem
	}
	return &Strategy{cfg: *cfg, chosen: chosen, keyed: keyed(cfg, chosen), rules: make([]accel.NormRule, len(chosen))}, nil
}

// keyed names everything that decides the rules except the weight.
func keyed(cfg *Config, chosen []bool) string {
	var b strings.Builder
	if cfg.Combine == Pool {
		b.WriteString(",pool")
	}
	if cfg.BatchVariance == Unbiased {
		b.WriteString(",unbiased")
	}
	for i, c := range chosen {
		if !c {
			fmt.Fprintf(&b, ",-%d", i)
		}
	}
	return b.String()
}

// Needs says that the strategy owns the norm statistics.
func (s *Strategy) Needs() tta.Needs { return tta.Needs{Owns: tta.OwnsNorm} }

// SourceWeight is the weight of the source statistics in a batch of rows rows.
func (s *Strategy) SourceWeight(rows int) float64 {
	switch {
	case rows < s.cfg.MinRows:
		return 1
	case s.cfg.PseudoCount != nil:
		return *s.cfg.PseudoCount / (*s.cfg.PseudoCount + float64(rows))
	case s.cfg.SourceWeight != nil:
		return *s.cfg.SourceWeight
	default:
		return DefaultSourceWeight
	}
}

// Prepare sets the rules. Weight 1 sets none: the overlay stays the source
// model's own, which keeps its bits and shares its forward.
func (s *Strategy) Prepare(_ context.Context, b *tta.Batch, o *models.Overlay) error {
	w := float32(s.SourceWeight(b.Rows))
	if w == 1 {
		return nil
	}
	if !slices.Contains(s.chosen, true) {
		return nil
	}
	for i, chosen := range s.chosen {
		s.rules[i] = accel.NormRule{}
		if !chosen {
			continue
		}
		s.rules[i] = accel.NormRule{
			Mode: accel.NormBlend, SourceWeight: w,
			Pool: s.cfg.Combine == Pool, Unbiased: s.cfg.BatchVariance == Unbiased,
		}
	}
	if s.key == "" || s.weight != w {
		s.weight, s.key = w, fmt.Sprintf("alphabn(%g%s)", w, s.keyed)
	}
	o.SetNorms(s.key, s.rules)
	return nil
}

// Spec describes the strategy.
func Spec() tta.Spec {
	return tta.Spec{
		Name:     "alphabn",
		Title:    "alpha-BN",
		Summary:  "Mixes the model's BatchNormalization statistics with those of the batch, in one forward and without training.",
		Doc:      doc,
		Citation: "F. You, J. Li and Z. Zhao, Test-time batch statistics calibration for covariate shift, 2021, arXiv:2110.04065; the pseudo-count form: S. Schneider et al., Improving robustness against common corruptions by covariate shift adaptation, NeurIPS 2020, arXiv:2006.16971",
		Place:    tta.PlaceNorm,
		NewConfig: func() any {
			return &Config{Combine: Blend, BatchVariance: Biased, MinRows: 8}
		},
		New:     func(env tta.Env, cfg any) (tta.Strategy, error) { return New(env, cfg.(*Config)) },
		Example: "alphabn: {source_weight: 0.9}",
	}
}

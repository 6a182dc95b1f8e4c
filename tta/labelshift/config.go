package labelshift

import (
	"errors"
	"fmt"
)

// Modes of Config.
const (
	ModeRatio   = "prior_ratio"
	ModeAdapter = "adapter"
)

// Estimates of Config.
const (
	EstimateEM     = "em"
	EstimateMean   = "mean_softmax"
	EstimateBBSE   = "bbse"
	EstimateLabels = "labels"
)

// DefaultHalfLife is half_life, in rows, where neither it nor prior_decay is given.
const DefaultHalfLife = 1000

// Config has the strategy's parameters.
type Config struct {
	Mode        string    `yaml:"mode" doc:"What is done with the estimated prior: prior_ratio multiplies probabilities by target over source prior; adapter replaces the classifier head by one generated for it." enum:"prior_ratio,adapter" reload:"hot"`
	Estimate    string    `yaml:"estimate" doc:"How the prior is estimated: em from probabilities corrected for the prior so far; mean_softmax from probabilities as they are; bbse from predicted classes and a confusion matrix; labels from labels alone." enum:"em,mean_softmax,bbse,labels" reload:"warm" tune:"mean_softmax,em"`
	HalfLife    *float64  `yaml:"half_life" doc:"Rows after which a row counts half. Default 1000, unless prior_decay is given." range:"[1,1e9]" reload:"hot" tune:"100,300,1000,3000"`
	PriorDecay  *float64  `yaml:"prior_decay" doc:"Weight of the prior so far against each new batch, whatever its size; instead of half_life." range:"[0,1)" reload:"hot"`
	SourceRows  float64   `yaml:"source_rows" doc:"Rows the source prior counts for at the start: the estimate is a plain mean over them and the stream's rows, until half_life or prior_decay moves it faster. 0 starts as slowly as it goes on." range:"[0,1e9]" reload:"hot"`
	Tau         float64   `yaml:"tau" doc:"Power of the ratio, in mode prior_ratio: 1 is Bayes' rule, less trusts the estimate less, 0 changes nothing." range:"[0,2]" reload:"hot" tune:"0.5,1"`
	Floor       float64   `yaml:"floor" doc:"No class falls below this share of what it would have if all were equally frequent, so that an absent one can return." range:"[0,0.5]" reload:"hot"`
	MaxRatio    float64   `yaml:"max_ratio" doc:"Clip target over source prior to [1/max_ratio, max_ratio]; 10 suits priors that swing faster than half_life. 0 is off." range:"[0,1e6]" reload:"hot"`
	SourcePrior []float64 `yaml:"source_prior" doc:"Class shares the model was trained on, in any scale. Default: as the adapter or the confusion file says, else equal." range:"[0,1e12]" reload:"hot"`
	Confusion   string    `yaml:"confusion" doc:"File from 'ttad fit confusion', for estimate bbse and for the source prior." reload:"hot"`
	Adapter     string    `yaml:"adapter" doc:"File from 'ttad fit labelshift', for mode adapter." reload:"hot"`
	UseLabels   bool      `yaml:"use_labels" doc:"Let a label, if it comes, replace its row's own guess in the estimate, where that is em or mean_softmax. Without feedback it changes nothing." reload:"hot"`
}

// Check holds the rules across fields.
func (c *Config) Check(report func(path, message string)) {
	byRow := c.PriorDecay == nil
	rules := []struct {
		broken        bool
		path, message string
	}{
		{!byRow && c.HalfLife != nil, "prior_decay", "half_life and prior_decay both say how fast the prior moves; give one of them"},
		{!byRow && c.Estimate == EstimateLabels, "prior_decay", "labels come one by one, not in batches; use half_life"},
		{c.Mode == ModeAdapter && c.Adapter == "", "adapter", "mode adapter needs the file that 'ttad fit labelshift' writes"},
		{c.Mode != ModeAdapter && c.Adapter != "", "adapter", "a file is given, but the mode is " + c.Mode + "; set mode: adapter to use it"},
		{c.Mode == ModeAdapter && c.Tau != 1, "tau", "it is the power of the prior ratio; the adapter was trained with its own"},
		{c.Estimate == EstimateBBSE && c.Confusion == "", "confusion", "estimate bbse needs the file that 'ttad fit confusion' writes"},
		{c.MaxRatio > 0 && c.MaxRatio < 1, "max_ratio", "ratios are clipped to [1/max_ratio, max_ratio], so it is 1 or more, or 0 for off"},
	}
	for _, r := range rules {
		if r.broken {
			report(r.path, r.message)
		}
	}
	c.checkSourcePrior(report)
}

func (c *Config) checkSourcePrior(report func(path, message string)) {
	sum := 0.0
	for i, v := range c.SourcePrior {
		if !(v >= 0) {
			report(fmt.Sprintf("source_prior[%d]", i), fmt.Sprintf("a share of %g", v))
		}
		sum += v
	}
	if len(c.SourcePrior) > 0 && !(sum > 0) {
		report("source_prior", "all shares are 0")
	}
}

// valid is Check as one error.
func (c *Config) valid() error {
	var problems []error
	c.Check(func(path, message string) { problems = append(problems, fmt.Errorf("%s: %s", path, message)) })
	return errors.Join(problems...)
}

// learns says whether labels change the estimate.
func (c *Config) learns() bool {
	return c.Estimate == EstimateLabels || c.UseLabels && c.Estimate != EstimateBBSE
}

// halfLife is in rows; it has no meaning beside prior_decay.
func (c *Config) halfLife() float64 {
	if c.HalfLife != nil {
		return *c.HalfLife
	}
	return DefaultHalfLife
}

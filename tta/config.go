package tta

// Role says what becomes of a pipeline's predictions.
type Role string

// Roles of pipelines.
const (
	Champion   Role = "champion"   // published on the output subject
	Challenger Role = "challenger" // published beside it
	Shadow     Role = "shadow"     // measured only
)

// PipelineConfig is one pipeline of a group.
type PipelineConfig struct {
	Name       string           `yaml:"name" doc:"Name in subjects, metrics and logs." required:"true" pattern:"^[a-z0-9][a-z0-9_-]{0,31}$" reload:"warm"`
	Role       Role             `yaml:"role" doc:"champion is published on the output subject, challenger beside it, shadow is measured only." enum:"champion,challenger,shadow" reload:"warm"`
	Strategies []StrategyConfig `yaml:"strategies" doc:"Strategies in the order they act; a list of single-key maps, name: {parameters}." reload:"warm"`
}

// StrategyConfig is one strategy with its decoded parameters: Params is what
// Spec.NewConfig returned, filled in.
type StrategyConfig struct {
	Name   string
	Params any
}

// GuardConfig says when a pipeline's answer is replaced by the source view.
type GuardConfig struct {
	NonFinite             bool    `yaml:"non_finite" doc:"Trip when a row is not finite." reload:"hot"`
	MinClassEntropy       float64 `yaml:"min_class_entropy" doc:"Trip when the entropy of predicted classes over the window, as a share of ln(classes), falls below this while the source view's does not. 0 is off." range:"[0,1]" reload:"hot"`
	MaxSourceDisagreement float64 `yaml:"max_source_disagreement" doc:"Trip when more than this share of the window's rows changed class against the source view. 1 is off." range:"[0,1]" reload:"hot"`
	WindowRows            int     `yaml:"window_rows" doc:"Rows the guard looks back on." range:"[1,1000000]" reload:"hot"`
	ResetAfter            int     `yaml:"reset_after" doc:"Consecutive tripped batches after which the pipeline's state is reset. 0 is never." range:"[0,1000000]" reload:"hot"`
}

// DefaultGuard catches what cannot be right and leaves judgement to the user.
func DefaultGuard() GuardConfig {
	return GuardConfig{NonFinite: true, MaxSourceDisagreement: 1, WindowRows: 2000, ResetAfter: 3}
}

package tta

import (
	"errors"
	"fmt"
	"strings"
)

// fits says whether a model has what a strategy needs.
func fits(env Env, name string, n Needs) error {
	if n.Owns == OwnsNorm || n.Keep.Moments {
		if err := hasNorms(env); err != nil {
			return err
		}
	}
	if n.Keep.Features && env.FeatureWidth == 0 {
		return noFeatures(env)
	}
	return nil
}

// hasNorms explains, where a model has no norm nodes, why not and what to do.
func hasNorms(env Env) error {
	switch {
	case env.OutputsOnly:
		return fmt.Errorf("it acts inside the forward, and model %s is of kind outputs: another server runs it, so there is no forward here to change. "+
			"Serve the ONNX file with ttad (model.kind: onnx), or use strategies that act on outputs", env.Model)
	case len(env.Norms) > 0:
		return nil
	case len(env.FoldedBN) > 0:
		return fmt.Errorf("model %s has no BatchNormalization nodes left: the export merged them into %s. "+
			"Either record source moments with 'ttad model calibrate FILE --inputs source.npy -o stats.json' and set model.calibration: stats.json, "+
			"or export again with torch.onnx.export(model, x, file, training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False)",
			env.Model, listFew(env.FoldedBN))
	default:
		return fmt.Errorf("model %s has no BatchNormalization nodes, so it stores no source statistics to mix with; "+
			"models normalized by LayerNorm or GroupNorm have none by design. "+
			"'ttad model calibrate FILE --inputs source.npy -o stats.json' can record moments of its convolutions and linear layers instead (model.calibration: stats.json)", env.Model)
	}
}

func noFeatures(env Env) error {
	if env.OutputsOnly {
		return fmt.Errorf("it compares features, and model %s has none: set model.feature_width and send a features tensor beside the logits", env.Model)
	}
	return fmt.Errorf("it compares features, and none were found in model %s: name the graph value that enters the classifier head in model.features ('ttad model FILE' lists them)", env.Model)
}

// listFew names the first of a long list.
func listFew(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

// composes says whether stages can work in the order given.
func composes(stages []stage) error {
	var problems []error
	owner := map[Part]string{}
	corrector := "" // the first so far
	for i, s := range stages {
		if s.needs.Owns == OwnsHead && corrector != "" {
			problems = append(problems, fmt.Errorf("strategy %s computes probabilities from features anew and would undo %s; move it before %s", s.name, corrector, corrector))
		}
		if s.correct != nil && corrector == "" {
			corrector = s.name
		}
		if part := s.needs.Owns; part != OwnsNothing {
			if first, taken := owner[part]; taken {
				problems = append(problems, fmt.Errorf("strategies %s and %s both own the model's %s; keep one of them", first, s.name, part.words()))
			} else {
				owner[part] = s.name
			}
		}
		if s.decide != nil && i != len(stages)-1 {
			problems = append(problems, fmt.Errorf("strategy %s decides the class and must come last, before nothing; move it behind %s", s.name, stages[len(stages)-1].name))
		}
	}
	return errors.Join(problems...)
}

// learnable says whether the strategies get the labels they cannot do without.
func (p *Pipeline) learnable(ledger *LedgerConfig) error {
	for _, s := range p.stages {
		if s.needs.Labels && ledger == nil {
			return fmt.Errorf("strategy %s learns from labels, and the group takes none; add feedback: {} to the group", s.name)
		}
	}
	return nil
}

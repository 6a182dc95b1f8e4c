package models

import "fmt"

// Check reports what does not fit the kind of model.
func (c Config) Check(report func(path, message string)) {
	switch c.Kind {
	case KindONNX:
		if c.File == "" {
			report("file", "missing: kind onnx runs an ONNX file")
		}
		if c.FeatureWidth != 0 {
			report("feature_width", "is for kind outputs; the ONNX file says how wide its features are")
		}
	case KindOutputs:
		c.checkOutputs(report)
	}
	if c.Classes == 1 {
		report("classes", "a classifier has at least 2")
	}
}

func (c Config) checkOutputs(report func(path, message string)) {
	if c.Classes == 0 {
		report("classes", "missing: with kind outputs there is no file that says how many there are")
	}
	for _, f := range []struct{ name, value string }{{"file", c.File}, {"sha256", c.SHA256}, {"calibration", c.Calibration}} {
		if f.value != "" {
			report(f.name, fmt.Sprintf("is for kind %s; with kind %s another server runs the model", KindONNX, KindOutputs))
		}
	}
	if c.FeatureWidth == 0 && c.Features != "" {
		report("feature_width", "missing: features names a tensor whose width must be known")
	}
}

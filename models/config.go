package models

// Kinds of models.
const (
	KindONNX    = "onnx"    // a file ttad runs
	KindOutputs = "outputs" // someone else runs it; messages carry logits and features
)

// Config names a group's model.
type Config struct {
	Kind         string `yaml:"kind" doc:"onnx: ttad runs the file. outputs: messages already carry logits (and features) from another server; ttad only corrects." enum:"onnx,outputs" reload:"cold"`
	File         string `yaml:"file" doc:"ONNX file. Relative paths are relative to this configuration file." reload:"cold"`
	SHA256       string `yaml:"sha256" doc:"Refuse the file unless its SHA-256 starts with these hex digits (at least 12)." pattern:"^[0-9a-f]{12,64}$" reload:"cold"`
	LabelsFile   string `yaml:"labels_file" doc:"Text file with one class name a line." reload:"cold"`
	Logits       string `yaml:"logits" doc:"Graph value (kind onnx) or message tensor (kind outputs) with the logits. Default: the output named logits, else the only output." reload:"cold"`
	Features     string `yaml:"features" doc:"Graph value or message tensor with the features. Default: the output named features, else the input of the last linear layer." reload:"cold"`
	Calibration  string `yaml:"calibration" doc:"Moments file written by 'ttad model calibrate', for models whose BatchNormalization was folded away at export." reload:"cold"`
	Classes      int    `yaml:"classes" doc:"Number of classes; needed for kind outputs, checked otherwise." range:"[0,1000000]" reload:"cold"`
	FeatureWidth int    `yaml:"feature_width" doc:"Values per row of the features tensor, kind outputs only. 0: messages carry no features." range:"[0,1000000]" reload:"cold"`
}

// DefaultConfig is an ONNX file with everything found by itself.
func DefaultConfig() Config { return Config{Kind: KindONNX} }

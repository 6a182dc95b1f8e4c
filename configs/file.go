package configs

import (
	"path/filepath"

	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// File is a whole configuration.
type File struct {
	Version int              `yaml:"version" doc:"Version of this format; 1." required:"true" range:"[1,1]" reload:"cold"`
	Bus     stream.BusConfig `yaml:"bus" doc:"NATS connection." reload:"cold"`
	Device  DeviceConfig     `yaml:"device" doc:"Where models run." reload:"cold"`
	Groups  map[string]Group `yaml:"groups" doc:"One model, one input and the pipelines on it, by name." required:"true" pattern:"^[a-z0-9][a-z0-9_-]{0,31}$" reload:"cold"`
	HTTP    HTTPConfig       `yaml:"http" doc:"Health and metrics." reload:"cold"`
	Log     LogConfig        `yaml:"log" doc:"Log lines on standard error." reload:"cold"`

	name    string            // of the file it was read from
	origins map[string]Origin // of every value the file gives, by path
}

// Resolve makes a path written in the configuration usable: relative ones start
// from the configuration file's folder. An empty path stays empty.
func (f *File) Resolve(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(f.name), path)
}

// Origin says where the value at path, such as groups.cameras.batch.max_rows, or
// the nearest that contains it, was given.
func (f *File) Origin(path string) Origin { return originOf(f.origins, path) }

// Group is one model, one input and its pipelines.
type Group struct {
	Model     models.Config           `yaml:"model" doc:"The frozen classifier." required:"true" reload:"cold"`
	Input     stream.InputConfig      `yaml:"input" doc:"What is consumed." reload:"cold"`
	Batch     stream.BatchConfig      `yaml:"batch" doc:"When a batch closes." reload:"cold"`
	Output    stream.OutputConfig     `yaml:"output" doc:"What is published." reload:"cold"`
	Feedback  *stream.FeedbackConfig  `yaml:"feedback" doc:"Labels that come later: strategies learn from them, and every pipeline is scored. Off unless given; feedback: {} takes the defaults." reload:"cold"`
	Pipelines []tta.PipelineConfig    `yaml:"pipelines" doc:"Strategies side by side on one model; exactly one champion." required:"true" reload:"warm"`
	Guard     tta.GuardConfig         `yaml:"guard" doc:"When the source view answers instead." reload:"hot"`
	Commit    stream.CommitConfig     `yaml:"commit" doc:"Delivery guarantee." reload:"cold"`
	DLQ       stream.DeadLetterConfig `yaml:"dlq" doc:"Dead letters." reload:"cold"`
	Limits    stream.LimitsConfig     `yaml:"limits" doc:"Bounds." reload:"cold"`
	Seed      uint64                  `yaml:"seed" doc:"Seed of every random choice in this group." reload:"warm"`
}

// HTTPConfig is the endpoint for health checks and metrics.
type HTTPConfig struct {
	Listen string `yaml:"listen" doc:"Address of /healthz, /readyz and /metrics; empty is off." reload:"cold"`
}

// LogConfig shapes log lines.
type LogConfig struct {
	Level  string `yaml:"level" doc:"Lowest level written." enum:"debug,info,warn,error" reload:"cold"`
	Format string `yaml:"format" doc:"json, or console for people; auto is console on a terminal." enum:"auto,json,console" reload:"cold"`
}

// Default is a file with every default and no group.
func Default() File {
	return File{
		Version: 1,
		Bus:     stream.DefaultBus(),
		Device:  DefaultDevice(),
		HTTP:    HTTPConfig{Listen: "127.0.0.1:9464"},
		Log:     LogConfig{Level: "info", Format: "auto"},
	}
}

// DefaultGroup is what a group starts from before its mapping is read.
func DefaultGroup() Group {
	return Group{
		Model: models.DefaultConfig(), Input: stream.DefaultInput(), Batch: stream.DefaultBatch(),
		Output: stream.DefaultOutput(), Guard: tta.DefaultGuard(), Commit: stream.DefaultCommit(),
		DLQ: stream.DefaultDeadLetter(), Limits: stream.DefaultLimits(),
	}
}

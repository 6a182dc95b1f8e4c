package configs_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/configs"
)

func TestLintWarnsOfWhatIsAllowed(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"a model that is not there",
			"bus: {embedded: {}}\ngroups: {g: {model: {file: gone.onnx}, pipelines: [{name: main}]}}",
			"conf/ttad.yaml:3:28: groups.g.model.file: cannot be read: conf/gone.onnx: no such file; relative paths start at the configuration's folder"},
		{"a secret in the file",
			"bus: {servers: [nats://h:4222], token: abc}\ngroups: {g: {model: {file: m.onnx}, pipelines: [{name: main}]}}",
			"conf/ttad.yaml:2:40: bus.token: a secret stands in the file; take it from the environment, ${NAME}"},
		{"a secret in a URL",
			"bus: {servers: ['nats://me:abc@h:4222']}\ngroups: {g: {model: {file: m.onnx}, pipelines: [{name: main}]}}",
			"conf/ttad.yaml:2:17: bus.servers[0]: a secret stands in the file; take it from the environment, ${NAME}"},
		{"an open port",
			"bus: {embedded: {}}\ngroups: {g: {model: {file: m.onnx}, pipelines: [{name: main}]}}\nhttp: {listen: \":9464\"}",
			"conf/ttad.yaml:4:16: http.listen: metrics and health are open to the network, without a password"},
		{"no room for the next batch",
			"bus: {embedded: {}}\ngroups: {g: {model: {file: m.onnx}, limits: {in_flight_rows: 64}, pipelines: [{name: main}]}}",
			"conf/ttad.yaml:3:62: groups.g.limits.in_flight_rows: less than twice batch.max_rows, 64: the next batch waits for the last one's answers"},
		{"nothing promised",
			"bus: {embedded: {}}\ngroups: {g: {model: {file: m.onnx}, commit: {mode: none}, pipelines: [{name: main}]}}",
			"conf/ttad.yaml:3:52: groups.g.commit.mode: at most once: a crash loses what was in flight"},
		{"a forward that is not saved",
			"bus: {embedded: {}}\ngroups: {g: {model: {file: m.onnx}, output: {source: false}, guard: {max_source_disagreement: 0.5}, pipelines: [{name: main}]}}",
			"conf/ttad.yaml:3:54: groups.g.output.source: off, which saves no forward: the guard costs that forward anyway when it compares; leave output.source on"},
		{"an unusual order",
			"bus: {embedded: {}}\ngroups: {g: {model: {file: m.onnx}, pipelines: [{name: main, strategies: [lame, alphabn]}]}}",
			`conf/ttad.yaml:3:37: groups.g.pipelines: pipeline "main": alphabn comes behind lame; the recommended order is norm rule, head, LAME, prior ratio, error memory, decision`},
		{"nothing to warn of",
			"bus: {servers: [nats://h:4222], token: \"${SECRET_TOKEN}\"}\ngroups: {g: {model: {file: m.onnx}, pipelines: [{name: main}]}}", ""},
	}
	exists := func(path string) error {
		if path == "conf/m.onnx" {
			return nil
		}
		return errors.New(path + ": no such file")
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, err := configs.Load("conf/ttad.yaml", []byte("version: 1\n"+tt.yaml), registry(), environment)
			assert.NoError(t, err)
			got := ""
			for _, w := range configs.Lint(f, registry(), exists) {
				got += w.Error()
			}
			assert.Equal(t, tt.want, got)
		})
	}
}

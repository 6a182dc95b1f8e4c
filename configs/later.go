package configs

import "strings"

// later lists what the published interface of ttad describes and this build does
// not have, so that a file written for a fuller build gets a better answer than
// "unknown field". An entry leaves when its feature arrives. In a path, * stands
// for a group's name or a list index.
func later(path string, value string) (what string, ok bool) {
	for _, entry := range [...]struct{ path, value, what string }{
		{"groups.*.model.input", "", "choosing an input by name; inputs are matched by the model's own names"},
		{"groups.*.input.partitions", "", "several processes sharing one group"},
		{"groups.*.feedback.ask_rate", "", "asking for labels of items chosen at random"},
		{"groups.*.selection", "", "choosing the champion by labels that arrive later"},
		{"groups.*.checkpoint", "", "state kept across restarts"},
		{"groups.*.recovery", "", "state kept across restarts"},
		{"groups.*.commit.mode", "atomic", "outputs published as one atomic batch"},
		{"groups.*.guard.max_age_rows", "", "guard rules on the age of a pipeline's state"},
		{"groups.*.guard.canary", "", "guard rules on canary rows"},
		{"groups.*.limits.memory", "", "a bound on a group's memory"},
		{"http.dashboard", "", "the dashboard"},
		{"http.pprof", "", "profiling over HTTP"},
		{"control", "", "control over NATS"},
		{"tracing", "", "OpenTelemetry traces"},
		{"tests", "", "'ttad test'"},
		{"groups.*.pipelines[*].strategies[*]", "tent", "strategies that take gradient steps"},
		{"groups.*.pipelines[*].strategies[*]", "classcorr", "strategies that take gradient steps"},
		{"groups.*.pipelines[*].strategies[*]", "vida", "strategies that take gradient steps"},
	} {
		if entry.value == value && pathMatches(entry.path, path) {
			return entry.what, true
		}
	}
	return "", false
}

// pathMatches compares a path with a pattern segment by segment.
func pathMatches(pattern, path string) bool {
	want, got := strings.Split(pattern, "."), strings.Split(path, ".")
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		name, indexed := strings.CutSuffix(w, "[*]")
		g := got[i]
		if indexed {
			at := strings.IndexByte(g, '[')
			if at < 0 {
				return false
			}
			g = g[:at]
		}
		if name != "*" && name != g {
			return false
		}
	}
	return true
}

const notInThisBuild = "not in this build: "

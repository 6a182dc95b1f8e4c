package configs

import (
	"fmt"
	"net"
	"slices"

	"ttad/models"
	"ttad/tta"
)

// Lint lists what is allowed but may surprise: warnings, in the order of their
// places. exists says whether a file, whose path is already resolved, can be read;
// nil skips that.
func Lint(f *File, r *tta.Registry, exists func(path string) error) []Error {
	l := linter{file: f, registry: r, exists: exists}
	l.bus()
	l.http()
	for name, g := range f.Groups {
		l.group("groups."+name, g)
	}
	return sorted(l.found)
}

type linter struct {
	file     *File
	registry *tta.Registry
	exists   func(string) error
	found    []Error
}

func (l *linter) warn(path, hint, format string, args ...any) {
	o := l.file.Origin(path)
	l.found = append(l.found, Error{File: l.file.name, Line: o.Line, Col: o.Col, Path: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (l *linter) readable(path, name string) {
	if name == "" || l.exists == nil {
		return
	}
	if err := l.exists(l.file.Resolve(name)); err != nil {
		l.warn(path, "relative paths start at the configuration's folder", "cannot be read: %v", err)
	}
}

func (l *linter) bus() {
	b := l.file.Bus
	l.readable("bus.creds_file", b.Creds)
	l.readable("bus.nkey_file", b.NKey)
	l.readable("bus.tls.ca_file", b.TLS.CA)
	l.readable("bus.tls.cert_file", b.TLS.Cert)
	l.readable("bus.tls.key_file", b.TLS.Key)
	for i, s := range b.Servers {
		at := fmt.Sprintf("bus.servers[%d]", i)
		if hidePassword(s) != s && l.file.Origin(at).Env == "" {
			l.warn(at, "take it from the environment, ${NAME}", "a secret stands in the file")
		}
	}
	for _, s := range []struct{ path, value string }{{"bus.password", b.Password}, {"bus.token", b.Token}} {
		if s.value != "" && l.file.Origin(s.path).Env == "" {
			l.warn(s.path, "take it from the environment, ${NAME}", "a secret stands in the file")
		}
	}
}

func (l *linter) http() {
	host, _, err := net.SplitHostPort(l.file.HTTP.Listen)
	if err != nil || host == "localhost" {
		return
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		l.warn("http.listen", "", "metrics and health are open to the network, without a password")
	}
}

func (l *linter) group(at string, g Group) {
	l.readable(at+".model.file", g.Model.File)
	l.readable(at+".model.labels_file", g.Model.LabelsFile)
	l.readable(at+".model.calibration", g.Model.Calibration)
	if g.Limits.InFlightRows < 2*g.Batch.MaxRows {
		l.warn(at+".limits.in_flight_rows", "", "less than twice batch.max_rows, %d: the next batch waits for the last one's answers", g.Batch.MaxRows)
	}
	if g.Commit.Mode == "none" {
		l.warn(at+".commit.mode", "", "at most once: a crash loses what was in flight")
	}
	compares := g.Guard.MaxSourceDisagreement < 1 || g.Guard.MinClassEntropy > 0
	if compares && !g.Output.Source && g.Model.Kind == models.KindONNX {
		l.warn(at+".output.source", "leave output.source on", "off, which saves no forward: the guard costs that forward anyway when it compares")
	}
	if len(g.Input.Subjects) > 1 && slices.Contains(g.Input.Subjects, ">") {
		l.warn(at+".input.subjects", "", "> takes every subject of the server")
	}
	for _, line := range tta.Advice(l.registry, g.Pipelines) {
		l.warn(at+".pipelines", "", "%s", line)
	}
}

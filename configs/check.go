package configs

import (
	"fmt"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// checker is a Config with rules across its fields; path is relative to the value.
type checker interface {
	Check(report func(path, message string))
}

// check calls every Check below v, innermost first. A value in which something is
// already wrong is not checked: what its rules would say is likely a consequence.
func (d *decoder) check(v reflect.Value, path string) {
	inside := v
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		inside = v.Elem()
	}
	switch inside.Kind() {
	case reflect.Struct:
		d.checkFields(inside, path)
	case reflect.Slice:
		for i := range inside.Len() {
			d.check(inside.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
	case reflect.Map:
		for _, key := range sortedKeys(inside) {
			d.check(inside.MapIndex(key), join(path, key.String()))
		}
	}
	d.checkOne(v, path)
}

func (d *decoder) checkFields(v reflect.Value, path string) {
	if s, ok := v.Interface().(tta.StrategyConfig); ok {
		if s.Params != nil {
			d.check(reflect.ValueOf(s.Params), join(path, s.Name))
		}
		return
	}
	for _, f := range fieldsOf(v.Type(), "") {
		d.check(v.FieldByIndex(f.index), join(path, f.name))
	}
}

func (d *decoder) checkOne(v reflect.Value, path string) {
	c, ok := v.Interface().(checker)
	if !ok || d.wrongBelow(path) {
		return
	}
	c.Check(func(rel, message string) {
		at := path
		switch {
		case strings.HasPrefix(rel, "["):
			at += rel
		case rel != "":
			at = join(path, rel)
		}
		o := originOf(d.origins, at)
		d.reportAt(o.Line, o.Col, at, message, "")
	})
}

// wrongBelow says whether a mistake was found in the value at path.
func (d *decoder) wrongBelow(path string) bool {
	return slices.ContainsFunc(d.errs, func(e Error) bool {
		rest, below := strings.CutPrefix(e.Path, path)
		return below && (path == "" || rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

// Check of the whole file: a group must not read what it writes, nor take one kind
// of message for another.
func (f File) Check(report func(path, message string)) {
	for name, g := range f.Groups {
		under := f.Bus.Prefix + "." + name + "."
		writes := []string{under + "out.>", under + "alt.>", under + "dlq", under + "events.>"}
		for i, s := range g.Input.Subjects {
			if own := overlapping(s, writes); own != "" {
				report(fmt.Sprintf("groups.%s.input.subjects[%d]", name, i), fmt.Sprintf("%q takes in the group's own %s: its answers would come back as inputs", s, own))
			}
		}
		if g.Feedback != nil {
			f.checkFeedback(name, g, writes, report)
		}
	}
}

// checkFeedback looks at the subject of labels, given or not.
func (f File) checkFeedback(name string, g Group, writes []string, report func(path, message string)) {
	own := stream.Subjects{Prefix: f.Bus.Prefix, Group: name}
	subject, inputs := g.Feedback.Subject, g.Input.Subjects
	if subject == "" {
		subject = own.Feedback()
	}
	if len(inputs) == 0 {
		inputs = []string{own.In()}
	}
	at := "groups." + name + ".feedback.subject"
	if taken := overlapping(subject, inputs); taken != "" {
		report(at, fmt.Sprintf("labels on %q would be taken for inputs too, by %q of input.subjects", subject, taken))
	}
	if taken := overlapping(subject, writes); taken != "" {
		report(at, fmt.Sprintf("%q takes in the group's own %s: its answers would come back as labels", subject, taken))
	}
}

// overlapping is the first pattern that can match a subject that s matches, or "".
func overlapping(s string, patterns []string) string {
	for _, p := range patterns {
		if stream.SubjectsOverlap(s, p) {
			return p
		}
	}
	return ""
}

// Check of a group: the rules between its parts.
func (g Group) Check(report func(path, message string)) {
	g.checkPipelines(report)
	if g.Limits.InFlightRows < g.Batch.MaxRows {
		report("limits.in_flight_rows", fmt.Sprintf("%d rows in flight cannot fill a batch of batch.max_rows, %d", g.Limits.InFlightRows, g.Batch.MaxRows))
	}
	if g.Model.Classes > 0 && g.Output.Probs == "top" && g.Output.TopK > g.Model.Classes {
		report("output.top_k", fmt.Sprintf("lists %d classes, the model has %d", g.Output.TopK, g.Model.Classes))
	}
	if g.Input.Stream == "none" && g.Commit.Mode == "ordered" {
		report("commit.mode", "ordered needs a JetStream stream, and input.stream is none: set commit.mode to none or name a stream")
	}
	if g.Model.Kind == models.KindOutputs && (len(g.Input.Mean) > 0 || len(g.Input.Std) > 0) {
		report("input", "mean and std are for models ttad runs; with kind outputs the messages carry logits")
	}
}

func (g Group) checkPipelines(report func(path, message string)) {
	first := map[string]int{}
	champions := 0
	for i, p := range g.Pipelines {
		at := "pipelines[" + strconv.Itoa(i) + "]"
		if before, twice := first[p.Name]; twice {
			report(at+".name", fmt.Sprintf("%q is also the name of pipelines[%d]", p.Name, before))
		} else {
			first[p.Name] = i
		}
		if p.Name == "source" && slices.ContainsFunc(p.Strategies, func(s tta.StrategyConfig) bool { return s.Name != "source" }) {
			report(at+".name", "source is the model itself, in reports and metrics: give a pipeline that adapts another name")
		}
		switch p.Role {
		case "":
			report(at+".role", "missing: with several pipelines each says champion, challenger or shadow")
		case tta.Champion:
			if champions++; champions > 1 {
				report(at+".role", "a second champion; a group has exactly one")
			}
		}
	}
	if champions == 0 && !slices.ContainsFunc(g.Pipelines, func(p tta.PipelineConfig) bool { return p.Role == "" }) {
		report("pipelines", "none is the champion; exactly one must be")
	}
}

// Check of the HTTP endpoint: its address.
func (h HTTPConfig) Check(report func(path, message string)) {
	if h.Listen == "" {
		return
	}
	if _, port, err := net.SplitHostPort(h.Listen); err != nil || !validPort(port) {
		report("listen", fmt.Sprintf("%q is not host:port, such as 127.0.0.1:9464", h.Listen))
	}
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == s
}

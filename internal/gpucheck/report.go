package main

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"ttad/accel"
	"ttad/accel/cuda"
)

// report is what is sent back.
type report struct {
	info      accel.Info
	manager   string // what nvidia-smi says
	facts     cuda.Facts
	begun     time.Time
	verdicts  []verdict
	timings   []timing
	crossings []crossing
}

// verdict is what came of a check.
type verdict struct {
	name string
	saw  string
	err  error
	took time.Duration
}

func newReport(info accel.Info) report {
	return report{info: info, manager: manager(), begun: time.Now()}
}

// word is the verdict in one.
func (v *verdict) word() string {
	switch {
	case errors.Is(v.err, errSkipped):
		return "skipped"
	case v.err != nil:
		return "FAILED"
	}
	return "ok"
}

func (r *report) failed() bool {
	for i := range r.verdicts {
		if r.verdicts[i].word() == "FAILED" {
			return true
		}
	}
	return false
}

// markdown is the report as a file.
func (r *report) markdown() []byte {
	var b bytes.Buffer
	r.writeCard(&b)
	r.writeVerdicts(&b)
	r.writeTimings(&b)
	r.writeCrossings(&b)
	r.writeErrors(&b)
	return b.Bytes()
}

func (r *report) writeCard(b *bytes.Buffer) {
	fmt.Fprintf(b, "# ttad on %s\n\n", r.info.Name)
	fmt.Fprintf(b, "- card: %s, %s, %s, %d MiB\n", r.info.Name, r.info.Driver, r.info.Version, r.info.Memory>>20)
	if r.manager != "" {
		fmt.Fprintf(b, "- nvidia-smi: %s\n", r.manager)
	}
	if r.facts != (cuda.Facts{}) {
		fmt.Fprintf(b, "- at best: %d multiprocessors at %.0f MHz, %.1f TFLOP/s in float32, %.0f GB/s\n",
			r.facts.Multiprocessors, r.facts.Clock/1e6, r.facts.FLOPs/1e12, r.facts.Bandwidth/1e9)
	}
	fmt.Fprintf(b, "- host: %s/%s, %d processors, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	fmt.Fprintf(b, "- ttad: %s\n- begun: %s\n\n", revision(), r.begun.UTC().Format(time.RFC3339))
}

// manager is what NVIDIA's own program says of driver, clocks and power, which libcuda
// does not tell; nothing where the program is not.
func manager() string {
	out, err := exec.Command("nvidia-smi", "--query-gpu=index,name,driver_version,compute_mode,clocks.sm,clocks.mem,power.limit", "--format=csv,noheader").Output()
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; ")
}

// revision is the commit this program was built from.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	words := []string{}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
			words = append(words, s.Key+"="+s.Value)
		}
	}
	return info.Main.Version + " " + strings.Join(words, " ")
}

func (r *report) writeVerdicts(b *bytes.Buffer) {
	fmt.Fprint(b, "| check | | seconds | seen |\n|---|---|---:|---|\n")
	for i := range r.verdicts {
		v := &r.verdicts[i]
		saw := v.saw
		if v.word() == "FAILED" {
			saw = strings.TrimSpace(saw + " (see below)")
		}
		fmt.Fprintf(b, "| %s | %s | %.1f | %s |\n", v.name, v.word(), v.took.Seconds(), strings.ReplaceAll(saw, "|", "/"))
	}
	fmt.Fprintln(b)
}

// writeTimings sets times beside the roofline: the card computes, or moves what it
// must, all the time.
func (r *report) writeTimings(b *bytes.Buffer) {
	if len(r.timings) == 0 {
		return
	}
	fmt.Fprint(b, "Fastest of several. *run* leaves operands and results on the card, *forward* brings them there and back;\n*at best* is the roofline of the float32 arithmetic and memory above.\n\n")
	fmt.Fprint(b, "| network | norms | rows | launches | run ms | forward ms | at best ms | run is of the best | GFLOP/s |\n|---|---|---:|---:|---:|---:|---:|---:|---:|\n")
	for i := range r.timings {
		t := &r.timings[i]
		least := t.least(r.facts)
		fmt.Fprintf(b, "| %s | %s | %d | %d | %.3f | %.3f | %.3f | %.0f %% | %.0f |\n", t.network, t.mode, t.rows, t.launches,
			ms(t.run), ms(t.forward), ms(least), 100*float64(least)/float64(t.run), t.flops/t.run.Seconds()/1e9)
	}
	fmt.Fprintln(b)
}

func (r *report) writeCrossings(b *bytes.Buffer) {
	if len(r.crossings) == 0 {
		return
	}
	fmt.Fprint(b, "Forward with transfers, card / processor, in ms; *from* is the rows from which on the card is faster.\n\n| network |")
	for _, rows := range r.crossings[0].rows {
		fmt.Fprintf(b, " %d rows |", rows)
	}
	fmt.Fprintf(b, " from |\n|---|%s---|\n", strings.Repeat("---:|", len(r.crossings[0].rows)))
	for _, x := range r.crossings {
		fmt.Fprintf(b, "| %s |", x.network)
		for i := range x.rows {
			fmt.Fprintf(b, " %.3f / %.3f |", ms(x.card[i]), ms(x.processor[i]))
		}
		fmt.Fprintf(b, " %s |\n", x.from())
	}
	fmt.Fprintln(b)
}

// from is the smallest batch from which on the card is faster at every larger one.
func (x *crossing) from() string {
	at := len(x.rows)
	for at > 0 && x.card[at-1] < x.processor[at-1] {
		at--
	}
	if at == len(x.rows) {
		return "none"
	}
	return fmt.Sprint(x.rows[at])
}

func (r *report) writeErrors(b *bytes.Buffer) {
	for i := range r.verdicts {
		if v := &r.verdicts[i]; v.word() == "FAILED" {
			fmt.Fprintf(b, "## %s\n\n```\n%v\n```\n\n", v.name, v.err)
		}
	}
}

func ms(d time.Duration) float64 { return d.Seconds() * 1e3 }

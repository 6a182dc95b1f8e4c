package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

func main() {
	data := flag.String("data", "", "folder of the research data: models/, cifar10c/, cifar10-source/, elec2/, bank/")
	out := flag.String("o", "docs/results.md", "file to write")
	quick := flag.Bool("quick", false, "two corruptions and two orders only")
	part := flag.String("part", "all", "all, or one of "+partNames()+": the rest of the file stays")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *data, *out, *part, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "results:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, data, out, part string, quick bool) (err error) {
	if data == "" {
		return errors.New("-data is needed: the folder that holds models/, cifar10c/, elec2/ and the rest")
	}
	if data, err = filepath.Abs(data); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "ttad-results-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	r := &runner{data: data, work: work, bin: filepath.Join(work, "ttad")}
	if err := r.build(ctx); err != nil {
		return err
	}
	plan := fullPlan()
	if quick {
		plan = quickPlan()
	}
	doc, err := readDocument(out)
	if err != nil {
		return err
	}
	doc.head = fmt.Sprintf(documentHead, machine())
	if err := measure(ctx, r, plan, part, doc); err != nil {
		return err
	}
	if err := os.WriteFile(out, []byte(doc.String()), 0o644); err != nil {
		return fmt.Errorf("write the results: %w", err)
	}
	return nil
}

// section is one part of the document and how to measure it.
type section struct {
	name  string
	write func(context.Context, *runner, plan, *strings.Builder) error
}

func parts() []section {
	return []section{
		{"streams", writeStreams}, {"models", writeModels}, {"folded", writeFolded}, {"tabular", writeTabular},
		{"labelshift", writeShift}, {"delayed", writeDelayed}, {"attack", writeAttack},
		{"tuned", writeTuned},
	}
}

func partNames() string {
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	return strings.Join(names, ", ")
}

// measure runs one part, or all, into the document.
func measure(ctx context.Context, r *runner, p plan, part string, doc *document) error {
	known := false
	for _, s := range parts() {
		if part != "all" && part != s.name {
			continue
		}
		known = true
		var text strings.Builder
		if err := s.write(ctx, r, p, &text); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		doc.put(text.String(), time.Now())
	}
	if !known {
		return fmt.Errorf("no part %q; there are %s", part, partNames())
	}
	return nil
}

func (r *runner) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", r.bin, "./cmd/ttad")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("build ttad: %w", err)
	}
	return nil
}

func machine() string {
	return fmt.Sprintf("%d cores, %s/%s, %s", runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

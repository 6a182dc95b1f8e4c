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
	data := flag.String("data", "", "folder of the research data: models/, cifar10c/")
	out := flag.String("o", "docs/results.md", "file to write")
	quick := flag.Bool("quick", false, "two corruptions and two orders only")
	part := flag.String("part", "all", "all, or one of streams, models, folded, tabular")
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
		return errors.New("-data is needed: the folder that holds models/ and cifar10c/")
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
	var doc strings.Builder
	writeHead(&doc, machine(), time.Now())
	for _, p := range parts() {
		if part != "all" && part != p.name {
			continue
		}
		if err := p.write(ctx, r, plan, &doc); err != nil {
			return err
		}
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
	return []section{{"streams", writeStreams}, {"models", writeModels}, {"folded", writeFolded}, {"tabular", writeTabular}}
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

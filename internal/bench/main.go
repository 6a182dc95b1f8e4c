package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// options are what a run can be told.
type options struct {
	data, out     string
	node, modules string
	python        string
	rounds        int
	round         time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// command measures, or is our own engine's process where the first argument says so.
func command(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == workerArg {
		return work(ctx, args[1:], os.Stdin, os.Stdout)
	}
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "folder of the research data; without models/resnet20.onnx in it only generated models are run")
	flags.StringVar(&o.out, "o", "", "document whose section \""+sectionTitle+"\" is replaced; default: standard output only")
	flags.StringVar(&o.node, "node", "node", "program that runs ONNX Runtime's JavaScript binding")
	flags.StringVar(&o.modules, "peers", ".cache/peers", "folder 'make bench-peers' filled")
	flags.StringVar(&o.python, "python", "/usr/bin/python3", "Python that may have PyTorch or NumPy")
	flags.IntVar(&o.rounds, "rounds", 9, "rounds whose median counts")
	flags.DurationVar(&o.round, "round", 300*time.Millisecond, "time one engine works in a round, about")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.rounds < 1 || o.round <= 0 {
		return fmt.Errorf("-rounds %d, -round %v: both must be positive", o.rounds, o.round)
	}
	return run(ctx, o)
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "ttad-bench-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	peers, absent, err := findEngines(ctx, o, dir)
	if err != nil {
		return err
	}
	jobs, skipped, err := writeJobs(o.data, filepath.Join(dir, "models"))
	if err != nil {
		return err
	}
	r := &report{start: time.Now(), load: loadAverage(), options: o, engines: peers, notes: append(absent, skipped...)}
	for _, j := range jobs {
		fmt.Fprintln(os.Stderr, "measuring", j)
		lines, err := measure(ctx, o, j, peers)
		if err != nil {
			return fmt.Errorf("%s: %w", j, err)
		}
		r.lines = append(r.lines, lines...)
	}
	text := r.markdown()
	fmt.Print(text)
	if o.out == "" {
		return nil
	}
	return rewriteDocument(o.out, text)
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"
)

// options are what a run can be told.
type options struct {
	data, out     string
	only          *regexp.Regexp
	node, modules string
	python, isa   string
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

// command measures engines, or compares devices, or is one of our own engines'
// processes where the first argument says so.
func command(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == workerArg {
		return work(ctx, args[1:], os.Stdin, os.Stdout)
	}
	if len(args) > 0 && args[0] == devicesArg {
		o, err := parseDeviceOptions(args[1:])
		if err != nil {
			return err
		}
		return compareDevices(ctx, o, os.Stdout)
	}
	o, err := parseOptions(args)
	if err != nil {
		return err
	}
	return run(ctx, o)
}

func parseOptions(args []string) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "folder of the research data, for ResNet-20's trained weights; without it they are random")
	flags.StringVar(&o.out, "o", "", "document whose section \""+sectionTitle+"\" is replaced; default: standard output only")
	only := flags.String("only", "", "measure only workloads whose name matches this regular expression")
	flags.StringVar(&o.node, "node", "node", "program that runs ONNX Runtime's JavaScript binding")
	flags.StringVar(&o.modules, "peers", ".cache/peers", "folder 'make bench-peers' filled")
	flags.StringVar(&o.python, "python", "/usr/bin/python3", "Python that may have PyTorch or NumPy")
	flags.StringVar(&o.isa, "isa", "auto", "the most our engines may use: avx512, avx2, neon, generic or auto")
	flags.IntVar(&o.rounds, "rounds", 9, "rounds whose median counts")
	flags.DurationVar(&o.round, "round", 300*time.Millisecond, "time one engine works in a round, about")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.only, err = chosen(*only, o.out, o.rounds, o.round)
	return o, err
}

// chosen is the expression of -only, where the flags that every run has make sense.
func chosen(only, out string, rounds int, round time.Duration) (*regexp.Regexp, error) {
	if rounds < 1 || round <= 0 {
		return nil, fmt.Errorf("-rounds %d, -round %v: both must be positive", rounds, round)
	}
	if only != "" && out != "" {
		return nil, fmt.Errorf("-only with -o would replace the whole section of %s by a part of it; leave out one", out)
	}
	names, err := regexp.Compile(only)
	if err != nil {
		return nil, fmt.Errorf("-only: %w", err)
	}
	return names, nil
}

// run measures and prints the section. What could not be measured is an error, but
// no reason to keep the rest back; the document is left as it was then.
func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp("", "ttad-bench-")
	if err != nil {
		return fmt.Errorf("make a work folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	engines, absent, err := findEngines(ctx, o, dir)
	if err != nil {
		return err
	}
	jobs, notes, err := writeJobs(o.data, o.only, filepath.Join(dir, "models"))
	if err != nil {
		return err
	}
	r := &report{start: time.Now(), load: loadAverage(), options: o, engines: engines, notes: append(notes, absent...)}
	err = r.measureAll(ctx, jobs)
	text := r.markdown()
	fmt.Print(text)
	if o.out == "" || err != nil {
		return err
	}
	return rewriteDocument(o.out, text)
}

// measureAll goes on after a job that failed, but not after an interruption.
func (r *report) measureAll(ctx context.Context, jobs []job) (err error) {
	for _, j := range jobs {
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		start := time.Now()
		lines, failed := measure(ctx, r.options, j, r.engines)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", j, failed))
			continue
		}
		r.lines = append(r.lines, lines...)
		fmt.Fprintf(os.Stderr, "%4.0f s  %s\n", time.Since(start).Seconds(), j)
	}
	return err
}

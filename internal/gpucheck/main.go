package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"ttad/accel"
	"ttad/accel/cuda"
)

// options are what a run can be told.
type options struct {
	card   cuda.Config
	out    string
	suites bool // run the conformance suites, by go test
	opencl bool // the card's OpenCL, too
	load   load
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o, err := parseOptions(os.Args[1:])
	if err == nil {
		err = run(ctx, o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gpucheck:", err)
		os.Exit(1)
	}
}

func parseOptions(args []string) (options, error) {
	o := options{load: fullLoad()}
	flags := flag.NewFlagSet("gpucheck", flag.ContinueOnError)
	flags.StringVar(&o.out, "o", "gpu-report.md", "file for the report")
	flags.IntVar(&o.card.Index, "index", 0, "which card, as 'ttad devices' counts them")
	flags.StringVar(&o.card.Library, "library", "", "path of libcuda.so.1; default: where the system finds it")
	flags.BoolVar(&o.suites, "suites", true, "run the conformance suites (minutes)")
	flags.BoolVar(&o.opencl, "opencl", true, "run the suite on the card's OpenCL, too")
	return o, flags.Parse(args)
}

// errFailed says that the report has something in it that is wrong.
var errFailed = errors.New("not everything was right: see the report")

// run checks the card and writes the report. Without a card there is none.
func run(ctx context.Context, o options, progress io.Writer) error {
	c, err := newChecker(o, progress)
	switch {
	case errors.Is(err, accel.ErrNoDevice):
		return fmt.Errorf("there is no card to check on this machine: %w", err)
	case err != nil: // a card that is here and cannot be used is worth a report, too
		err = c.keep(verdict{name: "open the card", err: err})
	default:
		err = c.checkAll(ctx)
	}
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	fmt.Fprintf(progress, "report: %s\n", o.out)
	if c.report.failed() || ctx.Err() != nil {
		return errors.Join(errFailed, ctx.Err())
	}
	return nil
}

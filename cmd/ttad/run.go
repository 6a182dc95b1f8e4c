package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/stream"
)

func newRunCommand(a *app) *cobra.Command {
	var dry bool
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run the daemon: NATS in, adapted predictions out",
		Long: `Run connects to NATS, loads every group's model and answers messages until it
receives SIGTERM or an interrupt. It then drains: it takes no more input, answers
and stores what it holds, and exits with 0. A second signal ends it at once.

On SIGHUP it reads FILE again. What changed takes effect between two batches, with
the state of pipelines whose strategies stayed the same; when the file is invalid, or
a changed field needs a restart ('ttad config diff' tells which), nothing changes.`,
		Example: `  ttad run ttad.yaml
  ttad run ttad.yaml --dry-run            # load, connect, print the plan, change nothing
  NATS_URL=nats://broker:4222 ttad run ttad.yaml`,
		GroupID: groupRun,
		Args:    exactly(1),
	}
	env := addEnvFlag(a, cmd)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "load models and connect, create nothing, print the plan and exit")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := env.load(args[0])
		if err != nil {
			return err
		}
		o := daemon.Options{Dir: filepath.Dir(args[0]), Registry: a.registry, Log: newLogger(a.stderr, f.Log)}
		if dry {
			return a.dryRun(cmd.Context(), f, o)
		}
		return runDaemon(cmd.Context(), f, o, func() (*configs.File, error) { return env.load(args[0]) })
	}
	return cmd
}

// runDaemon runs until ctx ends or something fails; reread reads the configuration
// again on SIGHUP.
func runDaemon(ctx context.Context, f *configs.File, o daemon.Options, reread func() (*configs.File, error)) error {
	// From the start, so that a reload asked for too early does not end the process.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	d, err := daemon.Start(ctx, f, o)
	switch {
	case errors.Is(err, context.Canceled):
		o.Log.Info().Err(err).Msg("asked to stop before the first message was taken")
		return nil
	case err != nil:
		return startError(err)
	}
	o.Log.Info().Msg("running")
	done := make(chan error, 1)
	go func() { done <- d.Wait() }()
	for {
		select {
		case <-hangup:
			reload(d, o.Log, reread)
		case err := <-done:
			if err == nil {
				o.Log.Info().Msg("drained")
			}
			return err
		}
	}
}

// reload puts the configuration as it is on disk in force, or says why not.
func reload(d *daemon.Daemon, log zerolog.Logger, reread func() (*configs.File, error)) {
	f, err := reread()
	if err != nil {
		d.RefuseReload(err)
		log.Error().Err(err).Msg("reload refused, nothing changed")
		return
	}
	changes, err := d.Reload(f)
	if err != nil {
		log.Error().Msg(err.Error())
		return
	}
	for _, c := range changes {
		log.Info().Str("field", c.Path).Str("old", c.Old).Str("new", c.New).Str("class", string(c.Class)).Msg("reloaded")
	}
	if len(changes) == 0 {
		log.Info().Msg("reloaded: no field differs; files named in it were read again")
	}
}

func (a *app) dryRun(ctx context.Context, f *configs.File, o daemon.Options) error {
	p, err := daemon.DryRun(ctx, f, o)
	if err != nil {
		return startError(err)
	}
	if a.json {
		return a.printJSON(p)
	}
	return p.WriteText(a.stdout)
}

// startError gives what went wrong before the first message its exit code.
func startError(err error) error {
	if errors.Is(err, stream.ErrUnreachable) {
		return withCode(exitUnreachable, err)
	}
	return err
}

// newLogger writes to w as the configuration says: JSON lines, or columns for
// people, which auto chooses on a terminal.
func newLogger(w io.Writer, cfg configs.LogConfig) zerolog.Logger {
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil {
		panic(fmt.Sprintf("log level %q passed validation", cfg.Level))
	}
	if cfg.Format == "console" || cfg.Format == "auto" && isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: time.TimeOnly, NoColor: !isTerminal(w)}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

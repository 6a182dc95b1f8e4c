package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/tta/builtin"
)

//go:embed data/demo.yaml
var configFile []byte

// Options say how to run.
type Options struct {
	Rows int    // of the whole stream
	Seed uint64 // of order, corruptions and what gets labels
	// Rate is the most rows published a second; 0 is as fast as they are answered.
	Rate float64
	// Keep leaves the server running after the stream until ctx ends.
	Keep bool
	// Figure is the SVG file to write; empty is none.
	Figure string
	// Terminal is where the live view is drawn, with keys read from Keys; nil
	// tells the run in lines on Text instead.
	Terminal io.Writer
	Keys     io.Reader
	Text     io.Writer
	Log      zerolog.Logger
}

// DefaultOptions run for a little more than half a minute.
func DefaultOptions() Options {
	return Options{Rows: 14000, Seed: 1, Rate: 400, Figure: "ttad-demo.svg", Text: os.Stderr, Log: zerolog.Nop()}
}

// Run streams, watches and counts. The end of ctx ends the stream early: rows in
// flight are still answered, and the summary covers what was sent. When only the
// figure could not be written, the summary comes with the error.
func Run(ctx context.Context, o Options) (_ *Summary, err error) {
	phases := Phases(o.Rows)
	if len(phases) == 0 {
		return nil, fmt.Errorf("run demo: %d rows: must be from %d to %d", o.Rows, leastRows, mostRows)
	}
	images, err := LoadImages()
	if err != nil {
		return nil, fmt.Errorf("run demo: %w", err)
	}
	dir, err := os.MkdirTemp("", "ttad-demo-")
	if err != nil {
		return nil, fmt.Errorf("run demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg, err := unpack(dir)
	if err != nil {
		return nil, fmt.Errorf("run demo: %w", err)
	}
	score := NewScore(phases, parties(cfg), time.Now)
	err = withDaemon(ctx, cfg, dir, o, func(d *daemon.Daemon) error {
		return stream(ctx, d, score, Stream(images, phases, o.Seed), o)
	})
	if err != nil {
		return nil, fmt.Errorf("run demo: %w", err)
	}
	return finish(score, o)
}

// finish draws and counts.
func finish(score *Score, o Options) (*Summary, error) {
	summary := Summarize(score, o.Seed)
	if o.Figure == "" || summary.Answered == 0 {
		return summary, nil
	}
	if err := Figure(o.Figure, score); err != nil {
		return summary, fmt.Errorf("run demo: %w", err)
	}
	summary.Figure = o.Figure
	return summary, nil
}

// withDaemon runs the daemon around do. Its context outlives ctx, so that the
// stream can end first and the daemon drain after it.
func withDaemon(ctx context.Context, cfg *configs.File, dir string, o Options, do func(*daemon.Daemon) error) error {
	inner, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	d, err := daemon.Start(inner, cfg, daemon.Options{Dir: dir, Registry: builtin.Registry(), Log: o.Log})
	if err != nil {
		return err
	}
	err = do(d)
	stop()
	return errors.Join(err, d.Wait())
}

// unpack writes the bundled files to dir and reads the configuration.
func unpack(dir string) (*configs.File, error) {
	for name, data := range map[string][]byte{
		"demo.yaml": configFile, "model.onnx": modelFile, "classes.txt": []byte(classNames),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, fmt.Errorf("unpack bundled files: %w", err)
		}
	}
	folder := func(name string) (string, bool) { return dir, name == "DEMO_DIR" }
	return configs.Load(filepath.Join(dir, "demo.yaml"), configFile, builtin.Registry(), folder)
}

// stream publishes everything, shows it, and waits for the answers.
func stream(ctx context.Context, d *daemon.Daemon, score *Score, rows iter.Seq[Row], o Options) error {
	url := d.ClientURL()
	c, err := connect(url, score)
	if err != nil {
		return err
	}
	defer c.close()
	running, stop := context.WithCancel(ctx)
	defer stop()
	quit, shown := make(chan struct{}), make(chan error, 1)
	go func() { shown <- show(running, score, d, stop, quit, o) }()
	err = c.perform(running, d, rows, o.Rate)
	close(quit)
	err = errors.Join(err, <-shown)
	if o.Keep && err == nil && running.Err() == nil {
		fmt.Fprintf(o.Text, "NATS is still up at %s; Ctrl-C ends it. Watch with:\n  nats sub --server %s '%s'\n  curl http://%s/scores\n",
			url, url, subjectOut, d.HTTPAddr())
		<-ctx.Done()
	}
	return err
}

// perform runs the stream to its end, or to that of ctx, and takes down what came
// of it.
func (c *client) perform(ctx context.Context, d *daemon.Daemon, rows iter.Seq[Row], perSecond float64) error {
	c.score.Start()
	sent, err := c.play(ctx, d.ClientURL(), rows, perSecond)
	c.drain()
	c.score.Stop()
	standings, unasked := askStandings(context.WithoutCancel(ctx), d.HTTPAddr(), sent, c.quiet)
	c.score.Labels(sent, standings)
	return errors.Join(err, unasked)
}

// play publishes rows and, beside them, labels. It returns how many of those.
func (c *client) play(ctx context.Context, url string, rows iter.Seq[Row], perSecond float64) (labels int, err error) {
	l, err := newLabeler(url)
	if err != nil {
		return 0, err
	}
	defer l.close()
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() error { return l.run(ctx) })
	both.Go(func() error {
		defer l.finish()
		return c.publish(ctx, rows, perSecond, func(row Row) { l.saw(ctx, row) })
	})
	err = both.Wait()
	return l.sent, err
}

// show is the live view, or lines where there is no terminal.
func show(ctx context.Context, score *Score, d *daemon.Daemon, stop context.CancelFunc, quit <-chan struct{}, o Options) error {
	url := d.ClientURL()
	if o.Terminal != nil {
		return watch(ctx, o.Keys, o.Terminal, score, url, stop, quit)
	}
	fmt.Fprintf(o.Text, "NATS at %s; watch with: nats sub --server %s '%s'\n", url, url, subjectOut)
	narrate(o.Text, score, quit)
	return nil
}

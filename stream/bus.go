package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// ErrUnreachable is wrapped by Connect when no server answers.
var ErrUnreachable = errors.New("no NATS server reachable")

// Conn is a connection to NATS, with the embedded server behind it if there is one.
type Conn struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	domain   string // of JetStream, empty for the server's own
	embedded *Embedded
	log      zerolog.Logger
}

// Connect connects as cfg says: to servers, to a context of the nats command, or
// to a server it starts in this process. The connection comes back by itself after
// an interruption, however long.
func Connect(ctx context.Context, cfg BusConfig, log zerolog.Logger) (*Conn, error) {
	c := &Conn{log: log}
	target, err := cfg.target()
	if err != nil {
		return nil, err
	}
	if cfg.Embedded != nil {
		if c.embedded, err = StartEmbedded(*cfg.Embedded); err != nil {
			return nil, err
		}
		target.url = c.embedded.URL()
	}
	if err := c.dial(ctx, target); err != nil {
		c.stopEmbedded()
		return nil, err
	}
	return c, nil
}

func (c *Conn) dial(ctx context.Context, t target) error {
	options, err := t.options()
	if err != nil {
		return err
	}
	timeout := 5 * time.Second
	if deadline, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(deadline))
	}
	options = append(options, nats.Name("ttad"), nats.Timeout(timeout), nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil when the connection was closed on purpose
				c.log.Warn().Err(err).Msg("disconnected from NATS")
			}
		}),
		nats.ReconnectHandler(func(nc *nats.Conn) {
			c.log.Info().Str("server", nc.ConnectedUrlRedacted()).Msg("connected to NATS again")
		}),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			e := c.log.Warn().Err(err)
			if s != nil {
				e = e.Str("subject", s.Subject)
			}
			e.Msg("NATS connection")
		}))
	if c.nc, err = nats.Connect(t.url, options...); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnreachable, t.redacted(), err)
	}
	c.domain = t.Domain
	if err := c.openJetStream(publishWait); err != nil {
		c.nc.Close()
		return err
	}
	return nil
}

// openJetStream gives publishes so long for the server's word. A publish that is
// never answered must not keep its place among those pending for ever.
func (c *Conn) openJetStream(wait time.Duration) (err error) {
	options := []jetstream.JetStreamOpt{jetstream.WithPublishAsyncMaxPending(2 * maxPending), jetstream.WithPublishAsyncTimeout(wait)}
	if c.domain == "" {
		c.js, err = jetstream.New(c.nc, options...)
	} else {
		c.js, err = jetstream.NewWithDomain(c.nc, c.domain, options...)
	}
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	return nil
}

// URL is the address clients can use, without credentials.
func (c *Conn) URL() string {
	if c.embedded != nil {
		return c.embedded.URL()
	}
	return c.nc.ConnectedUrlRedacted()
}

// MaxPayload is the largest message the server takes, in bytes.
func (c *Conn) MaxPayload() int64 { return c.nc.MaxPayload() }

// Connected reports whether the server is there now.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// Close sends what is buffered, until ctx ends, closes the connection and stops
// the embedded server.
func (c *Conn) Close(ctx context.Context) error {
	var err error
	if c.nc.IsConnected() {
		if _, ok := ctx.Deadline(); !ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
		}
		err = c.nc.FlushWithContext(ctx)
	}
	c.nc.Close()
	c.stopEmbedded()
	return err
}

func (c *Conn) stopEmbedded() {
	if c.embedded != nil {
		c.embedded.Stop()
	}
}

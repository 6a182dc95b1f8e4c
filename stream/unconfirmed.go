package stream

import (
	"context"

	"github.com/rs/zerolog"

	"ttad/tta"
)

// unconfirmed is commit mode none: answers are published on core NATS and nobody
// says whether they were stored. Inputs that came from JetStream are acknowledged
// after that; what is lost in between is lost.
type unconfirmed struct {
	*writer
	conn *Conn
	log  zerolog.Logger
}

// Commit implements Committer.
func (c *unconfirmed) Commit(ctx context.Context, p *Parcel, answers [][]tta.Prediction) (Receipt, error) {
	p.survived(ctx)
	r := Receipt{DeadLetters: map[Code]int{}}
	letters, err := c.compose(p, answers)
	if err != nil {
		return r, err
	}
	if err := c.post(ctx, letters, &r); err != nil {
		return r, err
	}
	for _, d := range p.Deliveries {
		if err := d.acknowledge(); err != nil {
			c.log.Debug().Err(err).Uint64("stream_seq", d.Item.Seq).Msg("acknowledge input")
		}
	}
	return r, nil
}

// post publishes letters; what the connection does not take is lost, which is no
// error in this mode.
func (c *unconfirmed) post(_ context.Context, letters []letter, r *Receipt) error {
	for _, l := range letters {
		if err := c.conn.nc.PublishMsg(l.msg); err != nil {
			c.log.Error().Err(err).Str("subject", l.msg.Subject).Msg("answer lost")
			r.Lost++
			continue
		}
		r.count(l)
	}
	return nil
}

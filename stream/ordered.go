package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"ttad/tta"
)

const (
	maxPending    = 1000            // publishes waiting for the server's word
	publishWait   = 5 * time.Second // for that word, after which the publish is tried again
	maxRetryPause = 5 * time.Second
)

// ordered stores every answer of a parcel before it acknowledges any of the
// parcel's inputs. It tries for as long as its context lasts: an input whose
// answer is not stored stays with the server.
type ordered struct {
	*writer
	conn *Conn
	log  zerolog.Logger
}

func newOrdered(w *writer, conn *Conn, o GroupOptions) *ordered {
	return &ordered{writer: w, conn: conn, log: o.Log}
}

// Commit implements Committer.
func (c *ordered) Commit(ctx context.Context, p *Parcel, answers [][]tta.Prediction) (Receipt, error) {
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
		// A lost acknowledgement brings the input again, and the server drops the
		// repeated answer; so the error changes nothing here.
		if err := d.acknowledge(); err != nil {
			c.log.Debug().Err(err).Uint64("stream_seq", d.Item.Seq).Msg("acknowledge input")
		}
	}
	return r, nil
}

// post stores letters, for as long as ctx lasts.
func (c *ordered) post(ctx context.Context, letters []letter, r *Receipt) error {
	pause := 50 * time.Millisecond
	for len(letters) > 0 {
		var cause error
		if letters, cause = c.store(ctx, letters, r); len(letters) == 0 {
			break
		}
		c.log.Warn().Err(cause).Int("messages", len(letters)).Int64("retry_ms", pause.Milliseconds()).Msg("answers not stored, trying again")
		if err := wait(ctx, pause); err != nil {
			return fmt.Errorf("store %d answers: %w", len(letters), cause)
		}
		r.Retries += len(letters)
		pause = min(2*pause, maxRetryPause)
	}
	return nil
}

// store publishes letters in order and waits for the server's word on each. It
// returns those that are not stored, with the first reason.
func (c *ordered) store(ctx context.Context, letters []letter, r *Receipt) (left []letter, cause error) {
	for len(letters) > 0 {
		n := min(len(letters), maxPending)
		failed, err := c.storeSome(ctx, letters[:n], r)
		left, letters = append(left, failed...), letters[n:]
		if cause == nil {
			cause = err
		}
	}
	return left, cause
}

func (c *ordered) storeSome(ctx context.Context, letters []letter, r *Receipt) (left []letter, cause error) {
	futures, errs := c.publish(ctx, letters)
	for i, l := range letters {
		var ack *jetstream.PubAck
		if errs[i] == nil {
			ack, errs[i] = await(ctx, futures[i])
		}
		if errs[i] != nil {
			if cause == nil {
				cause = fmt.Errorf("publish to %s: %w", l.msg.Subject, errs[i])
			}
			if again := c.replace(l, errs[i]); again.msg != nil {
				left = append(left, again)
			}
			continue
		}
		r.count(l)
		if ack.Duplicate {
			r.Duplicates++
		}
	}
	return left, cause
}

// publish sends letters without waiting for the server's word on each. After one
// that finds no place, or when ctx has ended, it leaves the rest.
func (c *ordered) publish(ctx context.Context, letters []letter) (futures []jetstream.PubAckFuture, errs []error) {
	futures, errs = make([]jetstream.PubAckFuture, len(letters)), make([]error, len(letters))
	var stop error
	for i, l := range letters {
		if stop == nil {
			stop = ctx.Err()
		}
		if errs[i] = stop; stop != nil {
			continue
		}
		futures[i], errs[i] = c.conn.js.PublishMsgAsync(l.msg)
		if errors.Is(errs[i], jetstream.ErrTooManyStalledMsgs) {
			stop = errs[i]
		}
	}
	return futures, errs
}

// await waits for the server's word, which JetStream's client limits to
// publishWait. Without it the message may have been stored; repeating it is safe
// because of its message id.
func await(ctx context.Context, f jetstream.PubAckFuture) (*jetstream.PubAck, error) {
	select {
	case ack := <-f.Ok():
		return ack, nil
	case err := <-f.Err():
		return nil, err
	case <-ctx.Done():
	}
	// What is stored already counts as stored even when the time is over.
	select {
	case ack := <-f.Ok():
		return ack, nil
	default:
		return nil, ctx.Err()
	}
}

// replace turns an answer the stream will never take, because it is too large
// there, into a dead letter, and leaves a challenger's out; anything else is tried
// again as it is.
func (c *ordered) replace(l letter, err error) letter {
	var api *jetstream.APIError
	tooLarge := errors.Is(err, nats.ErrMaxPayload) ||
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamMessageExceedsMaximum
	if !tooLarge {
		return l
	}
	if l.alt {
		return letter{}
	}
	if l.code != "" {
		l.msg.Data = nil
		return l
	}
	l.to.Refused = Refusef(TooLarge, "the output stream refused an answer of %d bytes: %v; raise its max-msg-size or set output.probs: top", l.msg.Size(), err)
	return c.dead(l.to)
}

func (r *Receipt) count(l letter) {
	if l.code != "" {
		r.DeadLetters[l.code]++
		return
	}
	r.Outputs++
	if l.alt {
		r.Challengers++
		return
	}
	r.Rows += l.to.Item.Rows
}

func (d *Delivery) acknowledge() error {
	if d.ack == nil {
		return nil
	}
	return d.ack()
}

// wait pauses, or returns early when ctx ends.
func wait(ctx context.Context, pause time.Duration) error {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/time/rate"
)

// The demo's group and its subjects.
const (
	group = "demo"

	subjectIn  = "tta.demo.in.camera"
	subjectOut = "tta.demo.out.>"
	subjectAlt = "tta.demo.alt.>"
	subjectDLQ = "tta.demo.dlq"

	subjectLabels = "tta.demo.feedback"

	idPrefix = "demo-"
	// inFlight bounds the rows published and not yet answered, so that a slow
	// machine is followed at its own speed.
	inFlight = 256
)

// client talks to the daemon as a user's programs would: over NATS only.
type client struct {
	nc    *nats.Conn
	score *Score
	slots chan struct{} // one for each row in flight
	quiet time.Duration // how long to wait for the next answer at the end
}

func connect(url string, score *Score) (*client, error) {
	nc, err := nats.Connect(url, nats.Name("ttad demo"))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", url, err)
	}
	c := &client{nc: nc, score: score, slots: make(chan struct{}, inFlight), quiet: 10 * time.Second}
	for subject, handle := range map[string]nats.MsgHandler{
		subjectOut: c.answer, subjectAlt: c.answer, subjectDLQ: c.deadLetter,
	} {
		if _, err := nc.Subscribe(subject, handle); err != nil {
			nc.Close()
			return nil, fmt.Errorf("subscribe to %s: %w", subject, err)
		}
	}
	// Without this round trip the first answers could come before the subscription.
	if err := nc.Flush(); err != nil {
		nc.Close()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return c, nil
}

func (c *client) close() { c.nc.Close() }

// message is one row as raw bytes with its type and shape in the headers.
func message(row Row) *nats.Msg {
	id := idPrefix + strconv.Itoa(row.Index)
	return &nats.Msg{Subject: subjectIn, Data: row.Image, Header: nats.Header{
		"Content-Type": {"application/vnd.ttad.tensor"},
		"Ttad-Dtype":   {"UINT8"},
		"Ttad-Shape":   {fmt.Sprintf("1,1,%d,%d", Side, Side)},
		"Ttad-Id":      {id},
		"Nats-Msg-Id":  {id},
	}}
}

// publish sends the stream at no more than perSecond rows a second, 0 being as
// fast as answers come, and calls after with every row sent. It stops early,
// without an error, when ctx ends.
func (c *client) publish(ctx context.Context, rows iter.Seq[Row], perSecond float64, after func(Row)) error {
	js, err := jetstream.New(c.nc, jetstream.WithPublishAsyncMaxPending(inFlight))
	if err != nil {
		return fmt.Errorf("open JetStream: %w", err)
	}
	pace := rate.NewLimiter(rate.Inf, 1)
	if perSecond > 0 {
		pace = rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/50)))
	}
	var pending []jetstream.PubAckFuture
	for row := range rows {
		if pace.Wait(ctx) != nil || !c.take(ctx) {
			break
		}
		c.score.Send(row)
		future, err := js.PublishMsgAsync(message(row))
		if err != nil {
			c.score.Unsend()
			return fmt.Errorf("publish row %d: %w", row.Index, err)
		}
		if pending, err = settled(append(pending, future)); err != nil {
			return err
		}
		after(row)
	}
	return stored(js, pending)
}

// take waits for room in flight.
func (c *client) take(ctx context.Context) bool {
	select {
	case c.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// settled drops the confirmed from the front and reports a refusal among them.
func settled(pending []jetstream.PubAckFuture) ([]jetstream.PubAckFuture, error) {
	for len(pending) > 0 {
		select {
		case <-pending[0].Ok():
		case err := <-pending[0].Err():
			return nil, fmt.Errorf("publish: %w", err)
		default:
			return pending, nil
		}
		pending = pending[1:]
	}
	return pending, nil
}

// stored waits until the server has confirmed every row.
func stored(js jetstream.JetStream, pending []jetstream.PubAckFuture) error {
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(10 * time.Second):
		return errors.New("publish: the server did not confirm all rows within 10 s")
	}
	_, err := settled(pending)
	return err
}

// output is the part of ttad's answer the demo reads.
type output struct {
	ID       string `json:"id"`
	Pipeline string `json:"pipeline"`
	Rows     []struct {
		Class  int `json:"class"`
		Source *struct {
			Class int `json:"class"`
		} `json:"source"`
	} `json:"rows"`
}

// answer and deadLetter run on their subscriptions' goroutines.
func (c *client) answer(m *nats.Msg) {
	index, a, ok := parseAnswer(m.Data)
	if !ok {
		c.score.Unknown()
		return
	}
	if c.score.Answer(index, a) {
		c.release()
	}
}

func parseAnswer(body []byte) (index int, a Answer, ok bool) {
	var o output
	if json.Unmarshal(body, &o) != nil || len(o.Rows) != 1 || o.Rows[0].Source == nil {
		return 0, a, false
	}
	digits, ok := strings.CutPrefix(o.ID, idPrefix)
	n, err := strconv.ParseUint(digits, 10, 31)
	a = Answer{Pipeline: o.Pipeline, Class: o.Rows[0].Class, Source: o.Rows[0].Source.Class}
	return int(n), a, ok && err == nil && a.Class >= 0 && a.Source >= 0
}

func (c *client) deadLetter(m *nats.Msg) {
	if !strings.HasPrefix(m.Header.Get("Ttad-Id"), idPrefix) {
		c.score.Unknown()
		return
	}
	c.score.DeadLetter()
	c.release()
}

// release gives a place in flight back. More answers than rows must not block the
// subscription.
func (c *client) release() {
	select {
	case <-c.slots:
	default:
	}
}

// drain waits until every row sent has come back, or nothing has for a while: with
// all answered, the client can hold every place in flight itself.
func (c *client) drain() {
	for range cap(c.slots) {
		select {
		case c.slots <- struct{}{}:
		case <-time.After(c.quiet):
			return
		}
	}
}

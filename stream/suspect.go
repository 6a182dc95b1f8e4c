package stream

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// suspectAfter deliveries without an answer make a message a suspect: it may be
// what ends the process each time. It may also be innocent, since restarts and
// messages fetched ahead count as deliveries, too. So a suspect runs alone, and
// under a mark on the server that only a process that died leaves behind. A suspect
// that comes with a mark is poison.
const suspectAfter = 3

// markPrefix and a stream sequence make the name of a mark. Marks lie in the
// consumer's metadata: it is durable, exists wherever messages are delivered again,
// and needs no stream of its own.
const markPrefix = "ttad-alone-"

// markTimeout bounds one change of a mark. Runs go on without one: what is lost is
// a witness.
const markTimeout = 2 * time.Second

// mark says on the server that a message runs alone.
type mark struct {
	in   *Input
	name string

	mu       sync.Mutex
	standing bool
}

// pass hands d to the intake; false when work ended first. It waits until a suspect
// is answered, so that nothing runs beside it.
func (in *Input) pass(work context.Context, out chan<- *Delivery, d *Delivery) bool {
	if !d.Alone {
		return send(work, out, d)
	}
	m := &mark{in: in, name: markPrefix + strconv.FormatUint(d.Item.Seq, 10)}
	poison := m.left(work)
	if poison {
		d.refuse(Refusef(Poison, "delivered %d times and never answered; the last time it was alone in its batch and the process died", d.Attempt-1))
	} else {
		m.set(work)
		d.mark = m
	}
	answered := send(work, out, d) && settled(work, d)
	if answered || !poison {
		m.clear(work)
	}
	return answered
}

// left looks for the mark of an earlier run.
func (m *mark) left(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, markTimeout)
	defer cancel()
	cfg, err := m.in.consumerConfig(ctx)
	if err != nil {
		m.in.o.Log.Warn().Err(err).Msg("a message came without an answer too often; whether it ended the process is not known")
		return false
	}
	_, m.standing = cfg.Metadata[m.name]
	return m.standing
}

func (m *mark) set(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.change(ctx, func(marks map[string]string) { marks[m.name] = m.in.o.Now().UTC().Format(time.RFC3339) })
	if err != nil {
		m.in.o.Log.Warn().Err(err).Msg("a suspect runs alone without a mark on the consumer; should it end the process, it will run again")
	}
	// A change without an answer may have been made all the same.
	m.standing = true
}

// clear takes the mark away. It is called even when the run is over: an end that
// gets here is a clean one.
func (m *mark) clear(ctx context.Context) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.standing {
		return
	}
	if err := m.change(context.WithoutCancel(ctx), func(marks map[string]string) { delete(marks, m.name) }); err != nil {
		m.in.o.Log.Warn().Err(err).Str("mark", m.name).Msg("a message that ran alone did no harm, but its mark stays on the consumer")
		return
	}
	m.standing = false
}

// change edits the consumer's metadata.
func (m *mark) change(ctx context.Context, edit func(map[string]string)) error {
	ctx, cancel := context.WithTimeout(ctx, markTimeout)
	defer cancel()
	cfg, err := m.in.consumerConfig(ctx)
	if err != nil {
		return err
	}
	marks := maps.Clone(cfg.Metadata)
	if marks == nil {
		marks = map[string]string{}
	}
	if edit(marks); maps.Equal(marks, cfg.Metadata) {
		return nil
	}
	cfg.Metadata = marks
	_, err = m.in.conn.js.UpdateConsumer(ctx, m.in.stream, cfg)
	return err
}

func (in *Input) consumerConfig(ctx context.Context) (jetstream.ConsumerConfig, error) {
	if !in.conn.Connected() {
		return jetstream.ConsumerConfig{}, errors.New("not connected")
	}
	c, err := in.conn.js.Consumer(ctx, in.stream, in.o.consumerName())
	if err != nil {
		return jetstream.ConsumerConfig{}, err
	}
	return c.CachedInfo().Config, nil
}

// survived takes the marks of messages away that the model has answered, before
// the answers are stored: a server that does not take them is no fault of theirs.
func (p *Parcel) survived(ctx context.Context) {
	for _, d := range p.Deliveries {
		d.mark.clear(ctx)
	}
}

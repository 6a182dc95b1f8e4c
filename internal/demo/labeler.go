package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// labelDelay is how many rows after an image its label comes. Time is counted in
// rows so that a run can be repeated; being above inFlight, every label comes
// after its row's answers.
const labelDelay = 300

// labeler stands for the people who look at some of the images and say what they
// show, later. It is a client of its own.
type labeler struct {
	nc   *nats.Conn
	js   jetstream.JetStream
	line []Row // shown, but not looked at yet; without their images
	due  chan label
	sent int // to be read when run has returned
}

// label is the message on the feedback subject.
type label struct {
	ID    string `json:"id"`
	Class int    `json:"label"`
}

func newLabeler(url string) (*labeler, error) {
	nc, err := nats.Connect(url, nats.Name("ttad demo labels"))
	if err != nil {
		return nil, fmt.Errorf("connect labels to %s: %w", url, err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	return &labeler{nc: nc, js: js, due: make(chan label, 16)}, nil
}

func (l *labeler) close() { l.nc.Close() }

// saw lets time pass by one row. Labels that cannot be sent as fast as they fall
// due hold up the rows, so that the delay stays what it is.
func (l *labeler) saw(ctx context.Context, row Row) {
	row.Image = nil
	l.line = append(l.line, row)
	if len(l.line) <= labelDelay {
		return
	}
	next := l.line[0]
	l.line = l.line[1:]
	if !next.Labelled {
		return
	}
	select {
	case l.due <- label{ID: idPrefix + strconv.Itoa(next.Index), Class: next.Label}:
	case <-ctx.Done():
	}
}

// finish ends run once what is due has been sent. Rows still waiting stay
// without a label.
func (l *labeler) finish() { close(l.due) }

// run sends labels until finish. The end of ctx does not cut one off.
func (l *labeler) run(ctx context.Context) error {
	for next := range l.due {
		body, err := json.Marshal(next)
		if err != nil {
			return fmt.Errorf("write label of %s: %w", next.ID, err)
		}
		if _, err := l.js.Publish(context.WithoutCancel(ctx), subjectLabels, body, jetstream.WithMsgID(next.ID)); err != nil {
			return fmt.Errorf("publish label of %s: %w", next.ID, err)
		}
		l.sent++
	}
	return nil
}

package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/models"
	"ttad/stream"
	"ttad/tta"
)

// A group's whole path: an embedded server, one input message, an engine that
// answers it, and the output as a client sees it.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	store, err := os.MkdirTemp("", "ttad-example-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(store) }()

	bus := stream.DefaultBus()
	bus.Embedded = &stream.EmbeddedConfig{StoreDir: store}
	conn, err := stream.Connect(ctx, bus, zerolog.Nop())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	input, committer, err := stream.Open(ctx, conn, stream.GroupOptions{
		Group: "numbers", Prefix: bus.Prefix, Provision: true, Model: "0123456789ab",
		Ports: []models.Port{{Name: "x", Shape: accel.BatchShape(2)}},
		Input: stream.DefaultInput(), Batch: stream.DefaultBatch(), Output: stream.DefaultOutput(),
		Commit: stream.DefaultCommit(), DLQ: stream.DefaultDeadLetter(), Limits: stream.DefaultLimits(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	nc, err := nats.Connect(conn.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	answered, _ := nc.SubscribeSync("tta.numbers.out.>")
	_ = nc.Publish("tta.numbers.in.sensor1", []byte(`{"id":"first","inputs":[{"name":"x","datatype":"FP32","shape":[2],"data":[0.2,0.8]}]}`))

	running, stop := context.WithCancel(ctx)
	err = input.Run(running, func(ctx context.Context, p *stream.Parcel) error {
		defer stop() // one batch is enough here
		var answers [][]tta.Prediction
		for i, item := range p.Batch.Items {
			probs := p.Batch.Inputs[0].Row(i)
			answers = append(answers, []tta.Prediction{{
				Item: item, Pipeline: "main", Role: tta.Champion, Step: 1,
				Rows: []tta.RowPrediction{{Class: 1, Score: probs[1], Probs: probs, Guard: tta.GuardOK}},
			}})
		}
		_, err := committer.Commit(ctx, p, answers)
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	msg, err := answered.NextMsgWithContext(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	var out struct {
		ID   string
		Rows []struct {
			Class int
			Prob  float64
		}
	}
	_ = json.Unmarshal(msg.Data, &out)
	fmt.Println(msg.Subject, msg.Header.Get("Ttad-Src-Seq"), out.ID, out.Rows)
	// Output: tta.numbers.out.sensor1 1 first [{1 0.8}]
}

// Labels, sent to a group's feedback subject, reach whoever holds its ledger. Here
// that is a function that has answered one item.
func ExampleOpenLabels() {
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	store, err := os.MkdirTemp("", "ttad-example-*")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(store) }()
	bus := stream.DefaultBus()
	bus.Embedded = &stream.EmbeddedConfig{StoreDir: store}
	conn, err := stream.Connect(ctx, bus, zerolog.Nop())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close(context.Background()) }()
	labels, err := stream.OpenLabels(ctx, conn, stream.LabelOptions{
		GroupOptions: stream.GroupOptions{
			Group: "numbers", Prefix: bus.Prefix, Provision: true,
			Commit: stream.DefaultCommit(), DLQ: stream.DefaultDeadLetter(), Limits: stream.DefaultLimits(),
		},
		Feedback: stream.DefaultFeedback(), Classes: []string{"even", "odd"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	nc, err := nats.Connect(conn.URL())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer nc.Close()
	_ = nc.Publish("tta.numbers.feedback", []byte(`{"id":"first","label":"odd"}`))

	running, end := context.WithCancel(ctx)
	err = labels.Run(running, func(_ context.Context, l []tta.Label) ([]tta.Learned, error) {
		defer end() // one label is enough here
		fmt.Println(l[0].ID, l[0].Class)
		return []tta.Learned{{State: tta.LabelLearned}}, nil
	})
	fmt.Println(err, labels.Stats().States)
	// Output:
	// first 1
	// <nil> map[learned:1]
}

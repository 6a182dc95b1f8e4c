package stream_test

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
)

func TestMissingListsAllAtOnceAndCreatesNothing(t *testing.T) {
	ctx := context.Background()
	b := newBench(t)
	conn := b.connect()
	defer func() { require.NoError(t, conn.Close(ctx)) }()

	assert.Empty(t, stream.Missing(ctx, conn, b.o), "provisioning would make it")
	b.o.Provision = false
	lacks := stream.Missing(ctx, conn, b.o)
	require.Len(t, lacks, 2)
	for i, command := range []string{"nats stream add IN_g", "nats stream add TTAD_g"} {
		var missing *stream.MissingError
		require.ErrorAs(t, lacks[i], &missing)
		assert.ErrorContains(t, missing, command)
	}
	for range b.js.ListStreams(ctx).Info() {
		t.Error("a stream was made")
	}

	// What is there and does not fit is a problem whoever makes the rest.
	b.o.Provision = true
	b.provision()
	require.NoError(t, b.js.DeleteConsumer(ctx, "IN_g", "ttad-g-0"))
	_, err := b.js.CreateConsumer(ctx, "IN_g", jetstream.ConsumerConfig{Durable: "ttad-g-0", AckPolicy: jetstream.AckNonePolicy})
	require.NoError(t, err)
	lacks = stream.Missing(ctx, conn, b.o)
	require.Len(t, lacks, 1)
	assert.ErrorContains(t, lacks[0], "expected explicit")
}

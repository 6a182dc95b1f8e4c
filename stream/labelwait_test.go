package stream

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestLooksForAnItemGetRarerAndEndWithTheWait(t *testing.T) {
	w := &waiting{since: noon}
	now, maxWait := noon, 75*time.Second
	var delays []time.Duration
	for now.Sub(noon) < maxWait {
		d := w.delay(now, maxWait)
		w.tries++
		delays, now = append(delays, d), now.Add(d)
	}
	assert.Equal(t, []time.Duration{
		time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 14 * time.Second,
	}, delays, "the last look is when the wait ends")
	assert.Equal(t, lastEarlyDelay, w.delay(now, maxWait), "who waits on for inputs behind does not look more often")
	assert.Equal(t, firstEarlyDelay, (&waiting{since: noon}).delay(noon, 0))
}

func TestTheWaitingRoomIsBounded(t *testing.T) {
	tests := []struct {
		name string
		of   func() *waiting
		most int // that find room
	}{
		{"messages", func() *waiting { return &waiting{open: make([]uint16, 1)} }, maxWaitingMessages},
		{"labels", func() *waiting { return &waiting{open: make([]uint16, MaxLabels)} }, maxWaitingLabels / MaxLabels},
		{"bytes", func() *waiting { return &waiting{open: make([]uint16, 1), bytes: 1 << 20} }, maxWaitingBytes >> 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			room := newWaitingRoom(1 << 20)
			for seq := range tt.most {
				assert.True(t, room.put(uint64(seq), tt.of(), noon))
			}
			assert.False(t, room.put(1<<40, tt.of(), noon))
			assert.NotNil(t, room.take(0, time.Time{}))
			assert.True(t, room.put(1<<40, tt.of(), noon), "who leaves makes room")

			later := noon.Add(11 * lastEarlyDelay)
			assert.True(t, room.put(1<<41, tt.of(), later), "those the server has lost leave, too")
			assert.Len(t, room.messages, 1)
			room.take(1<<41, time.Time{})
			assert.Zero(t, room.labels+room.bytes)
		})
	}
}

func TestItemsHaveMaxWaitAndWhileInputsAreLeftTheWindow(t *testing.T) {
	behind := true
	l := &Labels{o: LabelOptions{Feedback: FeedbackConfig{MaxWait: time.Minute}, Behind: func(context.Context, time.Time) bool { return behind }}}
	l.Reload(nil, time.Hour)
	overdue := func(after time.Duration) bool {
		return l.overdue(t.Context(), newLabelMessage("", nil, nil, 0), &waiting{since: noon}, noon.Add(after))
	}
	assert.False(t, overdue(59*time.Minute))
	assert.True(t, overdue(time.Hour))
	l.Reload(nil, 2*time.Hour)
	assert.False(t, overdue(time.Hour), "a reload made it longer")
	behind = false
	assert.False(t, overdue(59*time.Second))
	assert.True(t, overdue(time.Minute))
}

func TestAMessageOfAStreamMadeAnewIsNotTakenForAnEarlierOne(t *testing.T) {
	room := newWaitingRoom(10)
	room.put(7, &waiting{stored: noon, open: make([]uint16, 3)}, noon)
	assert.Nil(t, room.take(7, noon.Add(time.Hour)), "the labels it says are open are another message's")
	assert.Zero(t, room.labels+len(room.messages), "and nobody asks for it any more")
	w := &waiting{stored: noon, open: make([]uint16, 3)}
	room.put(8, w, noon)
	assert.Same(t, w, room.take(8, noon))
}

func TestSeldomLetsOneThroughAndCountsTheRest(t *testing.T) {
	s := seldom{every: time.Minute}
	for _, step := range []struct {
		after  time.Duration
		n      int
		total  int
		passes bool
	}{{0, 3, 3, true}, {time.Second, 2, 0, false}, {59 * time.Second, 4, 0, false}, {time.Minute, 1, 7, true}, {2 * time.Minute, 1, 1, true}} {
		total, passes := s.add(step.n, noon.Add(step.after))
		assert.Equal(t, step.passes, passes, step.after)
		assert.Equal(t, step.total, total, step.after)
	}
}

package daemon

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"ttad/internal/testkit/shaky"
)

// several pipelines with three overlays, and corrections that a device could do.
const several = `
      - {name: main, strategies: [bnema: {momentum: 0.3, min_rows: 1}, lame: {}, labelshift: {}]}
      - {name: half, role: shadow, strategies: [alphabn: {source_weight: 0.5, min_rows: 1}, lame: {}, reloop: {slots: 64, neighbors: 4}]}
      - {name: outputs, role: challenger, strategies: [lame: {}, labelshift: {}]}`

// Any forward of a step may fail, in any way and in any order: answers and state are
// those of a group that never had the device.
func TestWhateverBefallsForwardsOfAStep(t *testing.T) {
	still := func() time.Time { return time.Unix(0, 0) }
	alone := openLane(t, several, still, processorOf(t))
	alone.play(0, 40, nil)
	for seed := range uint64(24) {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("seed %d, late %v", seed, late), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					device := shaky.New(t)
					device.Late = late
					m := &mishaps{device: device, random: rand.New(rand.NewPCG(seed, 1))}
					if seed%3 == 0 {
						m.last = &shaky.Trouble{Hang: true}
					}
					l := openLane(t, several, func() time.Time { m.happen(); return still() }, device, processorOf(t))
					m.on = true
					l.play(0, 40, nil)
					assert.Equal(t, alone.answers, l.answers)
					assert.Equal(t, alone.engine.group.Pipelines.Readings(), l.engine.group.Pipelines.Readings())
				})
			})
		}
	}
}

// mishaps befall a device now and then, for a moment.
type mishaps struct {
	device *shaky.Device
	random *rand.Rand
	last   *shaky.Trouble // one that it does not recover from
	on     bool
}

func (m *mishaps) happen() {
	if !m.on {
		return
	}
	m.device.Suffer(nil)
	if m.random.IntN(40) == 0 {
		all := []*shaky.Trouble{crowded, confused, numberless, {Panic: "index 3 of 2"}, m.last}
		m.device.Suffer(all[m.random.IntN(len(all))])
	}
}

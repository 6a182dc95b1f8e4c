package daemon

import (
	"sync"

	"ttad/accel"
	"ttad/tta"
)

// madeIndexes makes indexes on a device for one tta.Group and remembers them:
// strategies are not closed, so that whoever built them frees what they hold.
type madeIndexes struct {
	device accel.Indexer
	made   []accel.Index
}

// indexMaker uses the first device that can hold an index; nil where none can.
func indexMaker(devices []accel.Device) *madeIndexes {
	for _, d := range devices {
		if able, ok := d.(accel.Indexer); ok {
			return &madeIndexes{device: able}
		}
	}
	return nil
}

func (m *madeIndexes) index(dim, capacity int) (accel.Index, error) {
	x, err := m.device.NewIndex(dim, capacity)
	if err != nil {
		return nil, err
	}
	m.made = append(m.made, x)
	return x, nil
}

func (m *madeIndexes) close() {
	if m == nil {
		return
	}
	for _, x := range m.made {
		x.Close()
	}
	m.made = nil
}

// indexes are those of all pipelines built on a group's model and not retired. A
// reload builds beside the engine, so they are guarded.
type indexes struct {
	mu sync.Mutex
	of map[*tta.Group]*madeIndexes
}

func (x *indexes) add(g *tta.Group, m *madeIndexes) {
	if m == nil || len(m.made) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.of == nil {
		x.of = map[*tta.Group]*madeIndexes{}
	}
	x.of[g] = m
}

func (x *indexes) remove(g *tta.Group) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.of[g].close()
	delete(x.of, g)
}

func (x *indexes) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for g := range x.of {
		x.of[g].close()
		delete(x.of, g)
	}
}

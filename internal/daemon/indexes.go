package daemon

import (
	"sync"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// madeIndexes makes indexes on a device, and programs behind a plan, for one tta.Group
// and remembers them: strategies are not closed, so that whoever built them frees what
// they hold.
type madeIndexes struct {
	device   accel.Indexer // nil where none can hold an index
	refuge   accel.Indexer // the last that can: the processor
	made     []accel.Index
	behind   *models.Plan // of a device; nil where there is none
	finishes []*models.Finish
	log      zerolog.Logger
}

// indexMaker uses the first device that can hold an index, and the plan for programs
// behind it.
func indexMaker(devices []accel.Device, behind *models.Plan, log zerolog.Logger) *madeIndexes {
	m := &madeIndexes{behind: behind, log: log}
	for _, d := range devices {
		able, ok := d.(accel.Indexer)
		if ok && m.device == nil {
			m.device = able
		}
		if ok {
			m.refuge = able
		}
	}
	return m
}

// lend offers a group what there is.
func (m *madeIndexes) lend(o *tta.GroupOptions) {
	if m.device != nil {
		o.Env.Index = m.index
	}
	if m.behind != nil {
		o.Finish = m.finish
	}
}

func (m *madeIndexes) finish(p *accel.Program, features bool, maxRows int) (*models.Finish, error) {
	f, err := m.behind.NewFinish(p, features, maxRows)
	if err != nil {
		return nil, err
	}
	m.finishes = append(m.finishes, f)
	return f, nil
}

func (m *madeIndexes) index(dim, capacity int) (accel.Index, error) {
	x, err := m.device.NewIndex(dim, capacity)
	if err != nil && m.refuge != m.device {
		m.log.Warn().Err(err).Int("keys", capacity).Msg("the device has no index of the error memory: it is on the CPU")
		x, err = m.refuge.NewIndex(dim, capacity)
	}
	if err != nil {
		return nil, err
	}
	if seeker, ok := x.(accel.Seeker); ok && m.refuge != m.device {
		x = &movingIndex{Seeker: seeker, dim: dim, capacity: capacity, refuge: m.refuge, log: m.log}
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
	for _, f := range m.finishes {
		if err := f.Close(); err != nil {
			m.log.Warn().Err(err).Msg("close a program behind the model")
		}
	}
	m.made, m.finishes = nil, nil
}

// evict has indexes leave the device at their next search.
func (m *madeIndexes) evict() {
	for _, x := range m.made {
		if moving, ok := x.(*movingIndex); ok {
			moving.evicted = true
		}
	}
}

// indexes are those of all pipelines built on a group's model and not retired. A
// reload builds beside the engine, so they are guarded.
type indexes struct {
	mu      sync.Mutex
	of      map[*tta.Group]*madeIndexes
	evicted bool // the device is retired: none is made there any more
}

func (x *indexes) add(g *tta.Group, m *madeIndexes) {
	if len(m.made) == 0 && len(m.finishes) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.evicted {
		m.evict() // retired while they were made
	}
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

// evict has those of pipelines leave the device that was retired. Who calls it is
// their owner.
func (x *indexes) evict() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.evicted = true
	for _, m := range x.of {
		m.evict()
	}
}

// maker is for a group to be built: on the devices and behind the plan, unless those are
// out of service.
func (x *indexes) maker(devices []accel.Device, behind *models.Plan, log zerolog.Logger) *madeIndexes {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.evicted {
		return indexMaker(devices[len(devices)-1:], nil, log)
	}
	return indexMaker(devices, behind, log)
}

func (x *indexes) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for g := range x.of {
		x.of[g].close()
		delete(x.of, g)
	}
}

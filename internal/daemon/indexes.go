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
		if able, ok := d.(accel.Indexer); ok {
			m.device = able
			break
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

func (m *madeIndexes) finish(p *accel.Program, features bool) (*models.Finish, error) {
	f, err := m.behind.NewFinish(p, features)
	if err != nil {
		return nil, err
	}
	m.finishes = append(m.finishes, f)
	return f, nil
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
	for _, f := range m.finishes {
		if err := f.Close(); err != nil {
			m.log.Warn().Err(err).Msg("close a program behind the model")
		}
	}
	m.made, m.finishes = nil, nil
}

// indexes are those of all pipelines built on a group's model and not retired. A
// reload builds beside the engine, so they are guarded.
type indexes struct {
	mu sync.Mutex
	of map[*tta.Group]*madeIndexes
}

func (x *indexes) add(g *tta.Group, m *madeIndexes) {
	if len(m.made) == 0 && len(m.finishes) == 0 {
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

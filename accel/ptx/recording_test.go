package ptx

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel/kernels"
	"ttad/accel/launch"
)

// recording is a launch with the contents of its memory before and after.
type recording struct {
	kernel        *kernels.Kernel
	groups        [3]int
	args          []launch.Arg // memory: 1 + its index in before and after
	before, after [][]float32
}

// recordings are launches kept by kernel.
type recordings struct {
	mu     sync.Mutex
	kept   map[string][]recording
	seen   map[string]int // launches that might have been kept
	random *rand.Rand
}

func newRecordings() *recordings {
	return &recordings{kept: map[string][]recording{}, seen: map[string]int{}, random: rand.New(rand.NewPCG(7, 8))}
}

// Bounds of what is kept: launches of a kernel, and floats of a launch's memory.
const (
	launchesKept = 64
	floatsKept   = 1 << 15
)

// keep takes a launch that reached instructions none before did, and a random choice
// of the others.
func (r *recordings) keep(x recording, further bool) {
	name := x.kernel.Name
	if further || len(r.kept[name]) < launchesKept {
		r.kept[name] = append(r.kept[name], x)
		return
	}
	r.seen[name]++
	if at := r.random.IntN(launchesKept + r.seen[name]); at < launchesKept {
		r.kept[name][at] = x
	}
}

// recorder is a driver that keeps launches.
type recorder struct {
	*Driver
	*recordings
	t testing.TB
}

func (r *recorder) NewQueue() (launch.Queue, error) {
	q, err := r.Driver.NewQueue()
	return &recordingQueue{q, r}, err
}

// recordingQueue does everything at once, so that memory can be looked at.
type recordingQueue struct {
	launch.Queue
	*recorder
}

func (q *recordingQueue) Launch(k *kernels.Kernel, groups [3]int, args []launch.Arg) error {
	q.finish()
	q.recordings.mu.Lock()
	defer q.recordings.mu.Unlock()
	kernel := q.module.Kernel(k.Name)
	if kernel == nil {
		return q.Queue.Launch(k, groups, args) // which says so
	}
	r := recording{kernel: k, groups: groups, args: slices.Clone(args)}
	r.before = q.contents(&r, args)
	uncovered := len(kernel.Uncovered())
	if err := q.Queue.Launch(k, groups, args); err != nil {
		return err
	}
	q.finish()
	if r.before == nil {
		return nil
	}
	r.after = q.contents(&r, args)
	q.keep(r, len(kernel.Uncovered()) < uncovered)
	return nil
}

// finish does what is queued.
func (q *recordingQueue) finish() {
	m, err := q.Queue.Mark()
	require.NoError(q.t, err)
	for done := false; !done; {
		done, err = m.Done()
		require.NoError(q.t, err)
	}
}

// contents are those of the memory that args name, or nil if that is too much. Memory
// is numbered in r.
func (q *recordingQueue) contents(r *recording, args []launch.Arg) [][]float32 {
	all, index, floats := [][]float32{}, map[launch.Memory]int{}, 0
	for i, p := range r.kernel.Params {
		if p.Type != kernels.Memory {
			continue
		}
		at := args[i].Memory
		if index[at] == 0 {
			n := q.size(at) / 4
			if floats += n; floats > floatsKept {
				return nil
			}
			host := make([]float32, n)
			require.NoError(q.t, q.machine.Read(host, uint64(at)))
			all = append(all, host)
			index[at] = len(all)
		}
		r.args[i].Memory = launch.Memory(index[at])
	}
	return all
}

// size is the bytes of memory.
func (d *Driver) size(m launch.Memory) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.memory[m]
}

// on runs the recorded launch on a driver and returns what memory holds then.
func (r *recording) on(d launch.Driver) (after [][]float32, err error) {
	q, err := d.NewQueue()
	if err != nil {
		return nil, err
	}
	args := slices.Clone(r.args)
	var memory []launch.Memory
	var host [][]float32
	for _, words := range r.before {
		at, err := d.Alloc(4 * len(words))
		if err != nil {
			return nil, err
		}
		h, err := d.HostAlloc(len(words))
		if err != nil {
			return nil, err
		}
		copy(h, words)
		memory, host = append(memory, at), append(host, h)
		if err := q.Write(at, h); err != nil {
			return nil, err
		}
	}
	for i := range args {
		if r.kernel.Params[i].Type == kernels.Memory {
			args[i].Memory = memory[args[i].Memory-1]
		}
	}
	if err := q.Launch(r.kernel, r.groups, args); err != nil {
		return nil, err
	}
	back := make([][]float32, len(host))
	for i := range host {
		if back[i], err = d.HostAlloc(len(host[i])); err != nil {
			return nil, err
		}
		if err := q.Read(back[i], memory[i]); err != nil {
			return nil, err
		}
	}
	if err := wait(q); err != nil {
		return nil, err
	}
	for i := range back {
		after = append(after, slices.Clone(back[i]))
		for _, free := range []error{d.Free(memory[i]), d.HostFree(host[i]), d.HostFree(back[i])} {
			if free != nil {
				return nil, free
			}
		}
	}
	return after, q.Close()
}

func wait(q launch.Queue) error {
	m, err := q.Mark()
	if err != nil {
		return err
	}
	for done := false; !done; {
		if done, err = m.Done(); err != nil {
			return err
		}
	}
	return m.Release()
}

// difference is the first place where bits differ, or -1.
func difference(a, b []float32) int {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) && (a[i] == a[i] || b[i] == b[i]) {
			return i
		}
	}
	return -1
}

package ptx

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/acceltest"
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

// recorder is a driver that keeps some launches of each kernel.
type recorder struct {
	*Driver
	t    testing.TB
	kept map[string][]recording
}

// Bounds of what is kept: launches of a kernel, and bytes of a launch's memory.
const (
	launchesKept = 24
	bytesKept    = 1 << 19
)

// record runs every operator and keeps launches: the first ones, and later ones that
// reach instructions none before did.
func record(t *testing.T, m *Module) map[string][]recording {
	t.Helper()
	kept := map[string][]recording{}
	for _, rows := range []int{1, 3} {
		t.Run(fmt.Sprint("recorded with ", rows, " rows"), func(t *testing.T) {
			acceltest.RunOnce(t, func(t testing.TB) accel.Device {
				return opened(t, &recorder{NewDriver(m, Options{Workers: 1}), t, kept})
			}, rows, 300)
		})
	}
	return kept
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
	kernel := q.module.Kernel(k.Name)
	r := recording{kernel: k, groups: groups, args: make([]launch.Arg, len(args))}
	copy(r.args, args)
	r.before = q.contents(&r, args)
	uncovered := len(kernel.Uncovered())
	if err := q.Queue.Launch(k, groups, args); err != nil {
		return err
	}
	q.finish()
	if r.before == nil || len(q.kept[k.Name]) >= launchesKept && len(kernel.Uncovered()) == uncovered {
		return nil
	}
	r.after = q.contents(&r, args)
	q.kept[k.Name] = append(q.kept[k.Name], r)
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
	all, index, bytes := [][]float32{}, map[launch.Memory]int{}, 0
	for i, p := range r.kernel.Params {
		if p.Type != kernels.Memory {
			continue
		}
		at := args[i].Memory
		if index[at] == 0 {
			host := make([]float32, q.memory[at]/4)
			if bytes += len(host) * 4; bytes > bytesKept {
				return nil
			}
			require.NoError(q.t, q.machine.Read(host, uint64(at)))
			all = append(all, host)
			index[at] = len(all)
		}
		r.args[i].Memory = launch.Memory(index[at])
	}
	return all
}

// on runs the recorded launch on a driver and returns what memory holds then.
func (r *recording) on(d launch.Driver) (after [][]float32, err error) {
	q, err := d.NewQueue()
	if err != nil {
		return nil, err
	}
	args := append([]launch.Arg(nil), r.args...)
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
		after = append(after, append([]float32(nil), back[i]...))
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

package ptx

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// Options are what a Machine does beside computing.
type Options struct {
	// Races looks for accesses that nothing orders. Blocks then run one after
	// another, and memory takes seven times the room.
	Races bool
	// MemoryBytes is all the memory there is; 0 means no limit.
	MemoryBytes int64
	// Steps is how many instructions the warps of a block may do, so that a kernel
	// which does not end is a fault; 0 means no limit.
	Steps int64
	// Workers is how many blocks run at a time; 0 means one a processor.
	Workers int
}

// Machine is the memory of a card and what launches kernels on it. It is safe for
// concurrent use; one launch or copy happens at a time.
type Machine struct {
	options Options

	mu       sync.Mutex
	global   space
	used     int64
	interval uint64 // see shadow
}

// NewMachine returns a machine with no memory in use.
func NewMachine(o Options) *Machine {
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Races {
		o.Workers = 1
	}
	if o.Steps == 0 {
		o.Steps = math.MaxInt64
	}
	return &Machine{options: o, interval: 1}
}

// maxThreads is the largest block the kernels' dialect has.
const maxThreads = 256

// maxGrid is the largest grid along each axis, of every card.
var maxGrid = [3]int{1<<31 - 1, 65535, 65535}

// maxBlocks is far more than anybody waits for.
const maxBlocks = 1 << 40

// Launch runs a kernel over a grid of blocks and returns when it is done. Params are
// the raw bits of each parameter. A *Fault is what the kernel did wrong; memory then
// holds whatever it had written.
func (m *Machine) Launch(k *Kernel, grid, block [3]int, params []uint64) error {
	if err := checkLaunch(k, grid, block, params); err != nil {
		return fmt.Errorf("launching %s: %w", k.Name, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l := &launching{machine: m, kernel: k, grid: grid, block: block, params: params, first: m.interval + 1}
	return l.run(min(m.options.Workers, grid[0]*grid[1]*grid[2]))
}

func checkLaunch(k *Kernel, grid, block [3]int, params []uint64) error {
	if len(params) != len(k.Params) {
		return fmt.Errorf("%d parameters, want %d", len(params), len(k.Params))
	}
	for axis, n := range grid {
		if n < 1 || n > maxGrid[axis] {
			return fmt.Errorf("a grid of %v blocks, want 1 to %v", grid, maxGrid)
		}
	}
	if grid[0] > maxBlocks/grid[1]/grid[2] {
		return fmt.Errorf("a grid of %v blocks, want at most %d in all", grid, maxBlocks)
	}
	threads := 1
	for _, n := range block {
		if n < 1 || n > maxThreads {
			return fmt.Errorf("a block of %v threads, want 1 to %d", block, maxThreads)
		}
		threads *= n
	}
	if threads > maxThreads {
		return fmt.Errorf("a block of %v threads, want 1 to %d", block, maxThreads)
	}
	return nil
}

// launching is a launch on its way.
type launching struct {
	machine     *Machine
	kernel      *Kernel
	grid, block [3]int
	params      []uint64
	first       uint64 // interval of the first block

	next  atomic.Int64 // block to run
	fault atomic.Pointer[Fault]
}

func (l *launching) run(workers int) error {
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(l.work)
	}
	l.work()
	wg.Wait()
	if f := l.fault.Load(); f != nil {
		return f
	}
	return nil
}

// work runs blocks until there are none left, or one went wrong.
func (l *launching) work() {
	b := newBlock(l)
	blocks := int64(l.grid[0]) * int64(l.grid[1]) * int64(l.grid[2])
	for l.fault.Load() == nil {
		i := l.next.Add(1) - 1
		if i >= blocks {
			break
		}
		if f := b.run(int(i)); f != nil {
			l.fault.CompareAndSwap(nil, f)
		}
	}
	l.kernel.cover(b.counts)
}

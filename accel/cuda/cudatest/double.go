package cudatest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"ttad/accel/kernels"
	"ttad/accel/ptx"
)

// Card is what a double's card is like. The zero value of a field is something usual.
type Card struct {
	Name    string
	Memory  int64  // bytes; 0 for 1 GiB
	Compute [2]int // capability; 0.0 for 8.0
	Mode    int    // compute mode: 2 prohibited, 3 for one process
	Taken   bool   // by another process, where the mode lets only one
	Threads int    // that a group may have; 0 for 1024
}

// Options are what the driver is like.
type Options struct {
	Version int    // as cuDriverGetVersion has it; 0 for 12040
	Cards   []Card // nil for one; empty for none
	Init    int    // cuInit's answer
	// Log is what the driver's compiler says of the kernels. With Refuse it then
	// refuses them; with Lazy not when it gets them, but when one is looked up.
	Log    string
	Refuse bool
	Lazy   bool
	// OneLife gives no new context once a kernel went astray: NVIDIA says of that
	// error that it ends with the process, and drivers differ.
	OneLife bool
	// Races looks for races in kernels, which takes time.
	Races bool
}

// Double is a driver library and its cards. Its methods may be called at any time.
type Double struct {
	library   string
	functions map[string]function
	options   Options
	cards     []*card
	all       map[string]*kernels.Kernel

	mu       sync.Mutex
	started  bool // by cuInit
	serial   uint64
	current  map[int64]*context // by thread
	contexts map[uint64]*context
	calls    map[string]int
	faults   []fault
	unplug   int // the code of a card that is gone
	astray   int // the code of the first kernel that broke a context
	problems []string
	texts    map[string][]byte // C strings that calls gave out
}

// fault is a call that goes wrong.
type fault struct {
	call string
	left int // calls that go well first
	code int
}

// New builds the library and puts the cards behind it. The test is skipped without a
// C compiler, and fails for that where CI is true. At its end it fails for every
// problem that nobody took, and for contexts that are still there.
func New(t testing.TB, o Options) *Double {
	t.Helper()
	if o.Version == 0 {
		o.Version = 12040
	}
	if o.Cards == nil {
		o.Cards = []Card{{}}
	}
	all, err := kernels.All()
	if err != nil {
		t.Fatal(err)
	}
	d := &Double{
		options: o, all: all, functions: functions(), current: map[int64]*context{}, contexts: map[uint64]*context{},
		calls: map[string]int{}, texts: map[string][]byte{},
	}
	for i, c := range o.Cards {
		d.cards = append(d.cards, newCard(i, c, o.Races))
	}
	d.library = build(t, "libcuda", libcuda, d.handle)
	t.Cleanup(func() { d.finish(t) })
	return d
}

func (d *Double) finish(t testing.TB) {
	if n := d.clear(); n > 0 {
		t.Errorf("libcuda: %d contexts were never destroyed", n)
	}
	for _, p := range d.Problems() {
		t.Errorf("libcuda: %s", p)
	}
}

// clear frees the host memory of contexts that are still there, and counts these.
func (d *Double) clear() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range d.contexts {
		for _, h := range x.hosts {
			h.free()
		}
	}
	return len(d.contexts)
}

// Library is the path of the library.
func (d *Double) Library() string { return d.library }

// Problems takes what was wrong so far, so that the test does not fail for it.
func (d *Double) Problems() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.problems
	d.problems = nil
	return p
}

// Fail makes a function of the library, which goes well so many times, return a code
// from then on; "" stands for all functions.
func (d *Double) Fail(call string, after, code int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = append(d.faults, fault{call, after, code})
}

// Mend ends what Fail began.
func (d *Double) Mend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = nil
}

// Unplug takes the cards away: every call on a context returns a code from now on,
// and there are no cards for anybody who starts the library anew.
func (d *Double) Unplug(code int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unplug = code
}

// Calls is how often a function was called, and of "" the number of all calls.
func (d *Double) Calls(function string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if function != "" {
		return d.calls[function]
	}
	n := 0
	for _, calls := range d.calls {
		n += calls
	}
	return n
}

// Used is the device memory in use on all cards, in bytes.
func (d *Double) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	used := int64(0)
	for _, c := range d.cards {
		used += c.machine.Used()
	}
	return used
}

// problem notes something that a program must not do.
func (d *Double) problem(format string, args ...any) {
	const most = 20
	if len(d.problems) < most {
		d.problems = append(d.problems, fmt.Sprintf(format, args...))
	}
}

// next makes a handle that no other thing has, whatever its kind.
func (d *Double) next() uint64 {
	d.serial++
	return 0x7000_0000_0000 + d.serial<<8
}

// card is a card with its memory.
type card struct {
	Card
	index   int
	machine *ptx.Machine
}

func newCard(index int, c Card, races bool) *card {
	if c.Name == "" {
		c.Name = fmt.Sprintf("Double %d", index)
	}
	if c.Memory == 0 {
		c.Memory = 1 << 30
	}
	if c.Compute == [2]int{} {
		c.Compute = [2]int{8, 0}
	}
	if c.Threads == 0 {
		c.Threads = 1024
	}
	return &card{c, index, ptx.NewMachine(ptx.Options{Races: races, MemoryBytes: c.Memory})}
}

// leaks names what is open, one kind after the other.
func leaks(kinds map[string]int) string {
	var words []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if n := kinds[kind]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, kind))
		}
	}
	return strings.Join(words, ", ")
}

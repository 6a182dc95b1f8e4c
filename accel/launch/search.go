package launch

import (
	"context"
	"fmt"
	"unsafe"

	"ttad/accel"
)

// A search goes through keys in panels and queries in blocks, whose similarities are
// scratch of a bounded size.
const (
	slotsAGroup = 1024 // of search_best
	panelSlots  = 64 * slotsAGroup
	blockRows   = 64
)

// searchMemory is what a search needs on top of keys.
type searchMemory struct {
	uses                  uses
	last                  *stream   // that searched
	seen                  int64     // skips of its queue then
	packed, words         []float32 // keys on their way, and their slots
	rows, slots           memory    // the same on the device
	queries               memory    // [n][dim]
	scores                memory    // [block][panel]
	best, bestSlots       memory    // [block][chunks][k]
	found, foundSlots     memory    // [n][k]
	earlier, earlierSlots memory    // the same of every second panel
}

func (m *searchMemory) pieces() []*memory {
	var taken []*memory
	for _, p := range []*memory{
		&m.rows, &m.slots, &m.queries, &m.scores, &m.best, &m.bestSlots, &m.found, &m.foundSlots, &m.earlier, &m.earlierSlots,
	} {
		if p.floats > 0 {
			taken = append(taken, p)
		}
	}
	return taken
}

// searching is one search: where its results go, and how it is cut up.
type searching struct {
	n, k, live        int
	found, foundSlots memory
	panel             int // slots of a panel
	panels            int
	perGroup          int // results of a group of search_best
}

func newSearching(n, k, live int, found, foundSlots memory) searching {
	panel := min(live, panelSlots)
	return searching{
		n: n, k: k, live: live, found: found, foundSlots: foundSlots,
		panel: panel, panels: max(1, ceilDiv(live, panelSlots)), perGroup: min(k, slotsAGroup),
	}
}

// Search sends queries, searches, and waits for what was found.
func (x *index) Search(queries []float32, n, k, live int, slots []int32, similarities []float32) {
	if live < 0 || live > x.capacity || len(queries) != n*x.dim || len(slots) != n*k || len(similarities) != n*k {
		panic(fmt.Sprintf("launch: search for %d values in %d queries of %d, %d slots and %d similarities for %d each, among %d of %d keys",
			len(queries), n, x.dim, len(slots), len(similarities), k, live, x.capacity))
	}
	if n == 0 || k == 0 {
		return
	}
	if x.lost == nil {
		if err := x.search(queries, n, k, live, slots, similarities); err != nil {
			x.giveUp(err)
		}
	}
	if x.lost != nil {
		x.instead.Search(queries, n, k, live, slots, similarities)
	}
}

func (x *index) search(queries []float32, n, k, live int, slots []int32, similarities []float32) error {
	if err := x.room(x.stream, n, k, live); err != nil {
		return err
	}
	m := &x.scratch
	if err := x.queueSearch(queries, newSearching(n, k, live, m.found, m.foundSlots), slots, similarities); err != nil {
		x.stream.finish(x.stream.queue.here()) // nothing lands behind the caller's back
		return err
	}
	return x.stream.Sync(context.Background())
}

func (x *index) queueSearch(queries []float32, c searching, slots []int32, similarities []float32) error {
	s := x.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	if err := s.write(x.scratch.queries.at, queries); err != nil {
		return err
	}
	return x.prepareAndLaunch(s, c, raw{}, slots, similarities)
}

// prepareAndLaunch queues what the device lacks, the search, and its results' way home.
func (x *index) prepareAndLaunch(s *stream, c searching, from raw, slots []int32, similarities []float32) error {
	if err := x.prepare(s, from); err != nil {
		return err
	}
	if err := x.launches(s, c); err != nil {
		return err
	}
	if err := s.read(c.foundSlots.at, transfer{n: c.n * c.k, dst: bitsOf(slots)}); err != nil {
		return err
	}
	return s.read(c.found.at, transfer{n: c.n * c.k, dst: similarities})
}

// Seek searches for rows that are on the device, in the order of their stream.
func (x *index) Seek(on accel.Stream, features accel.Buffer, n, width, k, live int, slots []int32, similarities []float32) error {
	s, ok := on.(*stream)
	if !ok || s.device != x.device {
		return fmt.Errorf("search among keys on %s: stream %T belongs to another device", x.device.info.Kind, on)
	}
	err := x.lost
	if n < 1 || k < 1 || live < 0 || live > x.capacity || width < x.dim || len(slots) != n*k || len(similarities) != n*k {
		err = fmt.Errorf("%d rows of %d values for keys of %d, %d slots and %d similarities for %d each, %d of %d keys",
			n, width, x.dim, len(slots), len(similarities), k, live, x.capacity)
	}
	if err == nil {
		err = x.room(s, n, k, live)
	}
	if err == nil {
		m := &x.scratch
		err = x.seek(s, features, width, newSearching(n, k, live, m.found, m.foundSlots), slots, similarities)
	}
	if err != nil {
		return fmt.Errorf("search among keys: %w", err)
	}
	return nil
}

func (x *index) seek(s *stream, features accel.Buffer, width int, c searching, slots []int32, similarities []float32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.buffer(features, c.n*width)
	if err != nil {
		return err
	}
	err = x.prepareAndLaunch(s, c, raw{b.memory, c.n, width}, slots, similarities)
	b.uses.add(s)
	x.scratch.uses.add(s)
	return err
}

// launches queues the kernels of a search, whose queries are in place.
func (x *index) launches(s *stream, c searching) error {
	for from := 0; from < c.n; from += blockRows {
		for panel := range c.panels {
			if err := x.searchPanel(s, c, from, panel); err != nil {
				return err
			}
		}
	}
	return nil
}

// searchPanel adds what one panel has to what was found in those before. The last panel
// leaves its results where they are wanted, those before it take turns.
func (x *index) searchPanel(s *stream, c searching, from, panel int) error {
	m := &x.scratch
	rows, first := min(blockRows, c.n-from), panel*panelSlots
	count := min(c.panel, c.live-first)
	chunks := ceilDiv(count, slotsAGroup)
	err := s.kernel("search_scores", [3]int{ceilDiv(count, 16), ceilDiv(rows, 16), 1}, at(m.scores), at(m.queries), at(x.keys),
		whole32(from), whole32(rows), whole32(first), whole32(count), whole32(x.dim))
	if err != nil {
		return err
	}
	err = s.kernel("search_best", [3]int{rows * chunks, 1, 1}, at(m.best), at(m.bestSlots), at(m.scores),
		whole32(first), whole32(count), whole32(chunks), whole32(c.perGroup))
	if err != nil {
		return err
	}
	to, toSlots, before, beforeSlots := c.found, c.foundSlots, m.earlier, m.earlierSlots
	if (c.panels-1-panel)%2 == 1 {
		to, toSlots, before, beforeSlots = before, beforeSlots, to, toSlots
	}
	none := 0
	if panel == 0 {
		none = 1
	}
	return s.kernel("search_merge", [3]int{rows, 1, 1}, at(to), at(toSlots), at(before), at(beforeSlots), at(m.best), at(m.bestSlots),
		whole32(from), whole32(c.k), whole32(chunks*c.perGroup), whole32(none))
}

// room takes what a search on a stream needs where there is less. Memory that a queue
// still uses, or that another one does, is waited for first.
func (x *index) room(s *stream, n, k, live int) error {
	m := &x.scratch
	if m.last != s {
		m.uses.wait()
	}
	if m.last != nil && m.last.queue.skips.Load() != m.seen {
		x.sendAgain()
	}
	m.last, m.seen = s, s.queue.skips.Load()
	rows, panel := min(n, blockRows), min(live, panelSlots)
	chosen := rows * ceilDiv(panel, slotsAGroup) * min(k, slotsAGroup)
	keys := min(x.capacity, max(1, putFloats/x.dim))
	for _, want := range []struct {
		m      *memory
		floats int
	}{
		{&m.rows, keys * x.dim}, {&m.slots, keys}, {&m.queries, n * x.dim}, {&m.scores, rows * panel},
		{&m.best, chosen}, {&m.bestSlots, chosen}, {&m.found, n * k}, {&m.foundSlots, n * k},
		{&m.earlier, n * k}, {&m.earlierSlots, n * k},
	} {
		if err := x.grow(want.m, max(1, want.floats)); err != nil {
			return err
		}
	}
	return nil
}

// sendAgain forgets that the device has keys: the driver may have skipped some.
func (x *index) sendAgain() {
	x.unsent = x.unsent[:0]
	for slot := range x.capacity {
		x.stale[slot] = true
		x.unsent = append(x.unsent, int32(slot))
	}
}

func (x *index) grow(m *memory, floats int) error {
	if m.floats >= floats {
		return nil
	}
	x.scratch.uses.wait()
	if m.floats > 0 {
		if err := x.device.free(*m); err != nil {
			return err
		}
		*m = memory{}
	}
	taken, err := x.device.alloc(floats)
	if err != nil {
		return err
	}
	*m = taken
	return nil
}

// kernel queues a launch that belongs to no plan.
func (s *stream) kernel(name string, groups [3]int, args ...Arg) error {
	for _, n := range groups {
		if n == 0 {
			return nil
		}
	}
	if err := s.launch(&call{s.device.kernels[name], groups, args}); err != nil {
		return fmt.Errorf("kernel %s: %w", name, err)
	}
	return nil
}

func at(m memory) Arg { return Arg{Memory: m.at} }

func whole32(n int) Arg { return Arg{Int: int32(n)} }

// bitsOf lets a transfer write whole numbers: it copies bits, whatever they mean.
func bitsOf(words []int32) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(words))), len(words))
}

package ptx

import "slices"

// Registers of a kernel that is proved to read none that nothing was written to need
// no poison when a block begins, which otherwise is most of the work of a short one.
// The proof is the one compilers make: a register is assigned at a place if it is on
// every way there.

// flow is what a basic block does to registers.
type flow struct {
	exposed  []int // read before anything of the block writes them
	assigned map[int]bool
}

// number is one for each register of both banks.
func number(k kind, register int) int {
	if k == long {
		return 2*register + 1
	}
	return 2 * register
}

// reads enters that the last basic block reads a register.
func (b *body) reads(k kind, register int) {
	f := b.flow()
	if n := number(k, register); !f.assigned[n] {
		f.exposed = append(f.exposed, n)
	}
}

// assigns enters that the last basic block writes a register.
func (b *body) assigns(k kind, register int) {
	b.flow().assigned[number(k, register)] = true
}

func (b *body) flow() *flow {
	for len(b.flows) < len(b.kernel.code) {
		b.flows = append(b.flows, flow{assigned: map[int]bool{}})
	}
	return &b.flows[len(b.kernel.code)-1]
}

// proved reports whether no register is read that may have nothing in it.
func (b *body) proved() bool {
	b.flow()
	assigned := b.assignedAtEntry()
	for i := range b.kernel.code {
		for _, n := range b.flows[i].exposed {
			if assigned[i] != nil && !assigned[i].has(n) {
				return false
			}
		}
	}
	return true
}

// assignedAtEntry is the registers assigned where each basic block begins; nil where
// nothing leads.
func (b *body) assignedAtEntry() []registers {
	size := (2*max(b.kernel.words, b.kernel.longs) + 64) / 64
	at := make([]registers, len(b.kernel.code))
	at[0] = make(registers, size)
	for todo := []int{0}; len(todo) > 0; {
		i := todo[0]
		todo = todo[1:]
		out := slices.Clone(at[i])
		for n := range b.flows[i].assigned {
			out.add(n)
		}
		for _, next := range b.kernel.successors(i) {
			if at[next] == nil {
				at[next] = slices.Clone(out)
			} else if !at[next].meet(out) {
				continue
			}
			todo = append(todo, next)
		}
	}
	return at
}

// successors are where basic block i leads.
func (k *Kernel) successors(i int) []int {
	switch k.code[i].exit {
	case jumps:
		return []int{k.code[i].target}
	case forks:
		return []int{k.code[i].target, i + 1}
	case ends:
		return nil
	default:
		return []int{i + 1}
	}
}

// registers is a set of them, by number.
type registers []uint64

func (r registers) has(i int) bool { return r[i/64]>>(i%64)&1 == 1 }
func (r registers) add(i int)      { r[i/64] |= 1 << (i % 64) }

// meet keeps what is in both, and reports whether that changed r.
func (r registers) meet(other registers) (changed bool) {
	for i := range r {
		both := r[i] & other[i]
		changed = changed || both != r[i]
		r[i] = both
	}
	return changed
}

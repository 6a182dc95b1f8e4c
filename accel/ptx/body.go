package ptx

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxRegisters bounds what a module's text makes Load allocate, per kernel.
const maxRegisters = 1 << 14

// op is one instruction. Its operands are registers; constants and special registers
// are registers that nothing writes.
type op struct {
	run     exec
	line    int
	d       int
	a, b, c int
	offset  uint64 // added to an address
	list    []int  // registers of a load or store
}

// exec does an instruction in all lanes at work.
type exec func(w *warp, o *op)

// exit is what happens behind the last instruction of a basic block.
type exit uint8

const (
	falls   exit = iota // on to the next one
	jumps               // to target
	forks               // to target where a condition holds
	barrier             // on, after everybody is here
	ends
)

// basic is a basic block: entered at its top only, left at its end only.
type basic struct {
	ops    []op
	line   int // of its exit
	exit   exit
	target int
	cond   int  // predicate register
	unless bool // the condition is negated
}

// constant is a register with the same value in all lanes of every block: a number,
// or the parameter of that number.
type constant struct {
	long     bool
	register int
	value    uint64
}

// variable is an array in shared memory.
type variable struct{ bytes int }

// body reads one kernel.
type body struct {
	kernel    *Kernel
	forms     map[string]form
	registers map[string]declared // by prefix: %r, %f, %rd, %p
	named     map[string]int      // constants, specials by text
	params    map[string]int
	shared    map[string]int // bytes of all variables of the module
	address   map[string]uint64
	labels    map[string]int // basic blocks
	jumps     []jump
	flows     []flow // of each basic block
	begun     bool   // an instruction was seen
}

// declared is a .reg statement: count registers of a kind from base on.
type declared struct {
	kind        kind
	base, count int
}

// jump is a branch whose label may come later.
type jump struct {
	line, from int
	label      string
}

func newBody(k *Kernel, forms map[string]form, shared map[string]int) *body {
	k.code = make([]basic, 1)
	return &body{
		kernel: k, forms: forms, shared: maps.Clone(shared), registers: map[string]declared{}, named: map[string]int{},
		params: map[string]int{}, address: map[string]uint64{}, labels: map[string]int{},
	}
}

// param adds a parameter: .u64 name.
func (b *body) param(line int, kind, name string) error {
	p := Param{Bytes: 4, Float: kind == ".f32"}
	switch kind {
	case ".u64":
		p.Bytes = 8
	case ".u32", ".f32":
	default:
		return refuse(line, "parameter %s of type %s: want .u64, .u32 or .f32", name, kind)
	}
	k := b.kernel
	if n := len(k.Params); n > 0 {
		last := k.Params[n-1]
		p.Offset = (last.Offset + last.Bytes + p.Bytes - 1) / p.Bytes * p.Bytes
	}
	b.params[name] = len(k.Params)
	k.Params = append(k.Params, p)
	return nil
}

// statement reads one inside the braces.
func (b *body) statement(line int, s string) error {
	if label, ok := strings.CutSuffix(s, ":"); ok {
		if _, twice := b.labels[label]; twice {
			return refuse(line, "label %s is there twice", label)
		}
		b.labels[label] = b.start()
		return nil
	}
	s, ok := strings.CutSuffix(s, ";")
	if !ok {
		return refuse(line, "%q does not end in a semicolon", s)
	}
	if rest, ok := strings.CutPrefix(s, ".reg "); ok {
		return b.declare(line, rest)
	}
	if rest, ok := strings.CutPrefix(s, ".shared "); ok {
		return readVariable(line, rest, b.shared)
	}
	b.begun = true
	if s == `.pragma "nounroll"` { // advice for the driver's compiler
		return nil
	}
	return b.instruction(line, s)
}

// start begins a basic block, unless the last one is still empty.
func (b *body) start() int {
	k := b.kernel
	if last := &k.code[len(k.code)-1]; len(last.ops) > 0 || last.exit != falls {
		k.code = append(k.code, basic{})
	}
	return len(k.code) - 1
}

// declare reads .b32 %r<6> after .reg.
func (b *body) declare(line int, s string) error {
	words := strings.Fields(strings.TrimSuffix(s, ">"))
	kinds := map[string]kind{".pred": predicate, ".b16": half, ".b32": word, ".f32": word, ".b64": long}
	if len(words) != 2 || kinds[words[0]] == 0 {
		return refuse(line, "registers %q: want .pred, .b16, .b32, .f32 or .b64 and %%name<count>", s)
	}
	prefix, digits, _ := strings.Cut(words[1], "<")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 1 || n > maxRegisters-b.kernel.words-b.kernel.longs {
		return refuse(line, "registers %q: want at most %d in a kernel", s, maxRegisters)
	}
	if _, twice := b.registers[prefix]; twice || b.begun {
		return refuse(line, "registers %s come twice, or after an instruction", prefix)
	}
	d := declared{kind: kinds[words[0]], count: n}
	d.base = b.reserve(d.kind, n)
	b.registers[prefix] = d
	b.kernel.freshWords, b.kernel.freshLongs = b.kernel.words, b.kernel.longs
	return nil
}

// reserve is n registers of the bank a kind lies in.
func (b *body) reserve(k kind, n int) int {
	bank := &b.kernel.words
	if k == long {
		bank = &b.kernel.longs
	}
	*bank += n
	return *bank - n
}

// finish resolves labels.
func (b *body) finish(line int) (*Kernel, error) {
	k := b.kernel
	for _, j := range b.jumps {
		target, ok := b.labels[j.label]
		if !ok {
			return nil, refuse(j.line, "there is no label %s", j.label)
		}
		k.code[j.from].target = target
	}
	last := len(k.code) - 1
	if k.code[last].exit == falls && len(k.code[last].ops) == 0 && !slices.Contains(b.targets(), last) {
		k.code = k.code[:last]
	}
	if n := len(k.code); n == 0 || k.code[n-1].exit != ends && k.code[n-1].exit != jumps {
		return nil, refuse(line, "kernel %s runs on over its end", k.Name)
	}
	k.proved = b.proved()
	k.counts = make([]counter, len(k.code))
	return k, nil
}

func (b *body) targets() (all []int) {
	for _, j := range b.jumps {
		all = append(all, b.labels[j.label])
	}
	return all
}

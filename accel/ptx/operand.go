package ptx

import (
	"strconv"
	"strings"
)

// kind is what an operand is: it must fit its instruction.
type kind byte

const (
	word      kind = 'w' // 32 bits
	half      kind = 'h' // 16 bits, kept in a word
	long      kind = 'l' // 64 bits
	predicate kind = 'p' // 0 or 1, kept in a word
)

// special is a register the machine sets: which one, of which axis.
type special struct {
	register int
	name     string // tid, ntid, ctaid, nctaid
	axis     int
}

// source is the register an operand is read from.
func (b *body) source(line int, k kind, text string) (int, error) {
	if strings.HasPrefix(text, "%") {
		if s, ok := specialRegister(text); ok && k == word {
			return b.special(text, s), nil
		}
		at, err := b.register(line, k, text)
		if err == nil {
			b.reads(k, at)
		}
		return at, err
	}
	value, ok := b.immediate(k, text)
	if !ok {
		return 0, refuse(line, "operand %q is neither a register nor a number of its instruction's type", text)
	}
	return b.constant(k, value), nil
}

// register is the index in its bank of a declared register.
func (b *body) register(line int, k kind, text string) (int, error) {
	prefix := strings.TrimRight(text, "0123456789")
	n, err := strconv.Atoi(text[len(prefix):])
	d, ok := b.registers[prefix]
	if err != nil || !ok || n >= d.count {
		return 0, refuse(line, "operand %q is not a register of this kernel", text)
	}
	if d.kind != k {
		return 0, refuse(line, "operand %q is a register of another type than its instruction", text)
	}
	return d.base + n, nil
}

func specialRegister(text string) (special, bool) {
	name, axis, ok := strings.Cut(strings.TrimPrefix(text, "%"), ".")
	switch name {
	case "tid", "ntid", "ctaid", "nctaid":
		at := strings.Index("xyz", axis)
		return special{name: name, axis: at}, ok && len(axis) == 1 && at >= 0
	}
	return special{}, false
}

func (b *body) special(text string, s special) int {
	if at, ok := b.named[text]; ok {
		return at
	}
	s.register = b.reserve(word, 1)
	b.kernel.specials = append(b.kernel.specials, s)
	b.named[text] = s.register
	return s.register
}

// bytes is the size of an operand.
func (k kind) bytes() int {
	if k == long {
		return 8
	}
	return 4
}

// given is a register that holds a parameter.
func (b *body) given(i int, k kind, name string) int {
	if at, ok := b.named[name]; ok {
		return at
	}
	c := constant{long: k == long, register: b.reserve(k, 1), value: uint64(i)}
	b.kernel.given = append(b.kernel.given, c)
	b.named[name] = c.register
	return c.register
}

// constant is a register that holds a value from the start.
func (b *body) constant(k kind, value uint64) int {
	text := string(k) + strconv.FormatUint(value, 16)
	if at, ok := b.named[text]; ok {
		return at
	}
	c := constant{long: k == long, register: b.reserve(k, 1), value: value}
	b.kernel.constants = append(b.kernel.constants, c)
	b.named[text] = c.register
	return c.register
}

// immediate reads a number, or the address of a shared variable.
func (b *body) immediate(k kind, text string) (uint64, bool) {
	if digits, ok := strings.CutPrefix(text, "0f"); ok && k == word {
		v, err := strconv.ParseUint(digits, 16, 32)
		return v, err == nil && len(digits) == 8
	}
	if bytes, ok := b.shared[text]; ok && k == long {
		return b.variable(text, bytes), true
	}
	v, err := strconv.ParseInt(text, 0, 64)
	switch k {
	case predicate:
		return uint64(v & 1), err == nil && (v >= -1 && v <= 1)
	case half:
		return uint64(uint16(v)), err == nil && v >= -1<<15 && v < 1<<16
	case word:
		return uint64(uint32(v)), err == nil && v >= -1<<31 && v < 1<<32
	}
	if err != nil {
		u, err := strconv.ParseUint(text, 0, 64)
		return u, err == nil
	}
	return uint64(v), true
}

// variable is the address of a shared variable of this kernel.
func (b *body) variable(name string, bytes int) uint64 {
	if at, ok := b.address[name]; ok {
		return at
	}
	b.kernel.shared = append(b.kernel.shared, variable{bytes})
	at := sharedBit | uint64(len(b.kernel.shared))<<windowBits | windowBase
	b.address[name] = at
	return at
}

package main

import "fmt"

// vec is one of the 32 vector registers.
type vec int

const vectors = 32

func (v vec) String() string { return fmt.Sprintf("V%d", int(v)) }

// s4 names the register as four float32 values, b16 as bytes, f as what loads and
// stores of floats take.
func (v vec) s4() string  { return v.String() + ".S4" }
func (v vec) b16() string { return v.String() + ".B16" }
func (v vec) f() string   { return fmt.Sprintf("F%d", int(v)) }

// word writes an instruction Go's assembler has no name for, with the name Arm's
// manual gives it behind.
func (f *file) word(code int, format string, operands ...any) {
	fmt.Fprintf(&f.code, "\tWORD\t$%#08x // %s\n", code, fmt.Sprintf(format, operands...))
}

// three writes d = n op m of float32 values.
func (f *file) three(code int, name string, d, n, m vec) {
	f.word(code|int(m)<<16|int(n)<<5|int(d), "%s %s.4S, %s.4S, %s.4S", name, d, n, m)
}

func (f *file) fadd(d, n, m vec) { f.three(0x4e20d400, "FADD", d, n, m) }

func (f *file) fsub(d, n, m vec) { f.three(0x4ea0d400, "FSUB", d, n, m) }

// fmax is the larger of n and m, what is not a number above all.
func (f *file) fmax(d, n, m vec) { f.three(0x4e20f400, "FMAX", d, n, m) }

// fcmgt sets all bits of a lane where n > m, none elsewhere.
func (f *file) fcmgt(d, n, m vec) { f.three(0x6ea0e400, "FCMGT", d, n, m) }

// fmlaLane adds n times one lane of m to d, fmlsLane takes it away.
func (f *file) fmlaLane(d, n, m vec, lane int) { f.byLane(0x4f801000, "FMLA", d, n, m, lane) }
func (f *file) fmlsLane(d, n, m vec, lane int) { f.byLane(0x4f805000, "FMLS", d, n, m, lane) }

func (f *file) byLane(code int, name string, d, n, m vec, lane int) {
	code |= lane&1<<21 | lane>>1<<11
	f.word(code|int(m)<<16|int(n)<<5|int(d), "%s %s.4S, %s.4S, %s.S[%d]", name, d, n, m, lane)
}

// zero clears a register.
func (f *file) zero(v vec) { f.op("VEOR", v.b16(), v.b16(), v.b16()) }

// spread loads one float32 of memory into all lanes.
func (f *file) spread(memory string, v vec) {
	f.op("FMOVS", memory, v.f())
	f.op("VDUP", element(v, "S", 0), v.s4())
}

// element is one lane of a register of S or D, which are 4 and 8 bytes.
func element(v vec, size string, lane int) string { return fmt.Sprintf("%s.%s[%d]", v, size, lane) }

// list is how loads and stores of whole registers name theirs.
func list(v vec) string { return "[" + v.s4() + "]" }

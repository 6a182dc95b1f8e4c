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

// element is one lane of a register of S or D, which are 4 and 8 bytes.
func element(v vec, size string, lane int) string { return fmt.Sprintf("%s.%s[%d]", v, size, lane) }

// list is how loads and stores of whole registers name theirs.
func list(v vec) string { return "[" + v.s4() + "]" }

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
func (f *file) fmul(d, n, m vec) { f.three(0x6e20dc00, "FMUL", d, n, m) }
func (f *file) fdiv(d, n, m vec) { f.three(0x6e20fc00, "FDIV", d, n, m) }

// fmax is the larger of n and m, what is not a number above all; fmin the smaller.
func (f *file) fmax(d, n, m vec) { f.three(0x4e20f400, "FMAX", d, n, m) }
func (f *file) fmin(d, n, m vec) { f.three(0x4ea0f400, "FMIN", d, n, m) }

// fcmgt sets all bits of a lane where n > m, none elsewhere; fcmge where n >= m.
func (f *file) fcmgt(d, n, m vec) { f.three(0x6ea0e400, "FCMGT", d, n, m) }
func (f *file) fcmge(d, n, m vec) { f.three(0x6e20e400, "FCMGE", d, n, m) }

// faddp puts the sums of neighbours side by side: those of n, then those of m.
func (f *file) faddp(d, n, m vec) { f.three(0x6e20d400, "FADDP", d, n, m) }

// fmlaLane adds n times one lane of m to d, fmlsLane takes it away.
func (f *file) fmlaLane(d, n, m vec, lane int) { f.byLane(0x4f801000, "FMLA", d, n, m, lane) }
func (f *file) fmlsLane(d, n, m vec, lane int) { f.byLane(0x4f805000, "FMLS", d, n, m, lane) }

func (f *file) byLane(code int, name string, d, n, m vec, lane int) {
	code |= lane&1<<21 | lane>>1<<11
	f.word(code|int(m)<<16|int(n)<<5|int(d), "%s %s.4S, %s.4S, %s.S[%d]", name, d, n, m, lane)
}

// fmla adds n times m to d, fmls takes it away.
func (f *file) fmla(d, n, m vec) { f.op("VFMLA", m.s4(), n.s4(), d.s4()) }
func (f *file) fmls(d, n, m vec) { f.op("VFMLS", m.s4(), n.s4(), d.s4()) }

// two writes d = op n; the registers are of the given kinds.
func (f *file) two(code int, name string, d vec, dKind string, n vec, nKind string) {
	f.word(code|int(n)<<5|int(d), "%s %s.%s, %s.%s", name, d, dKind, n, nKind)
}

func (f *file) fabs(d, n vec) { f.two(0x4ea0f800, "FABS", d, "4S", n, "4S") }
func (f *file) fneg(d, n vec) { f.two(0x6ea0f800, "FNEG", d, "4S", n, "4S") }

// frintn makes whole numbers, to nearest; fcvtns integers.
func (f *file) frintn(d, n vec) { f.two(0x4e218800, "FRINTN", d, "4S", n, "4S") }
func (f *file) fcvtns(d, n vec) { f.two(0x4e21a800, "FCVTNS", d, "4S", n, "4S") }

// halve shifts integers right by one.
func (f *file) halve(d, n vec) {
	f.word(0x4f3f0400|int(n)<<5|int(d), "SSHR %s.4S, %s.4S, #1", d, n)
}

// fcvtl makes float64 of the lower two lanes, fcvtl2 of the upper two.
func (f *file) fcvtl(d, n vec)  { f.two(0x0e617800, "FCVTL", d, "2D", n, "2S") }
func (f *file) fcvtl2(d, n vec) { f.two(0x4e617800, "FCVTL2", d, "2D", n, "4S") }

// fcvtn makes float32 of float64 in the lower two lanes, fcvtn2 in the upper two.
func (f *file) fcvtn(d, n vec)  { f.two(0x0e616800, "FCVTN", d, "2S", n, "2D") }
func (f *file) fcvtn2(d, n vec) { f.two(0x4e616800, "FCVTN2", d, "4S", n, "2D") }

// fadd2 adds float64 values; faddpWide adds up the two of one register.
func (f *file) fadd2(d, n, m vec) {
	f.word(0x4e60d400|int(m)<<16|int(n)<<5|int(d), "FADD %s.2D, %s.2D, %s.2D", d, n, m)
}

func (f *file) faddpWide(d, n vec) {
	f.word(0x7e70d800|int(n)<<5|int(d), "FADDP D%d, %s.2D", int(d), n)
}

// fmaxv finds the largest lane, what is not a number above all.
func (f *file) fmaxv(d, n vec) {
	f.word(0x6e30f800|int(n)<<5|int(d), "FMAXV S%d, %s.4S", int(d), n)
}

// zero clears a register.
func (f *file) zero(v vec) { f.op("VEOR", v.b16(), v.b16(), v.b16()) }

// spread loads one float32 of memory into all lanes.
func (f *file) spread(memory string, v vec) {
	f.op("FMOVS", memory, v.f())
	f.op("VDUP", element(v, "S", 0), v.s4())
}

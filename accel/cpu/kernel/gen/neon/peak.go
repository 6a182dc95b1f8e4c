package main

// peakSums is enough independent sums for four ports of four cycles' latency;
// peakTurns repeats them so that the loop itself costs nothing. Together they are
// the 48 multiply-adds kernel.Family.Peak counts.
const (
	peakSums  = 16
	peakTurns = 3
)

// writePeak writes the loop of multiply-adds that touches no memory.
func writePeak(f *file) {
	f.function("neonPeak", "does rounds of 48 multiply-adds of registers.", "rounds", "int")
	x := vec(peakSums)
	for v := range x + 1 {
		f.zero(v)
	}
	f.label("round")
	for range peakTurns {
		for sum := range x {
			f.op("VFMLA", x.s4(), x.s4(), sum.s4())
		}
	}
	f.op("SUBS", "$1", arg, arg)
	f.op("BNE", "round")
	f.op("RET")
}

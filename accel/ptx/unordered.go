package ptx

import "math"

// unordered adds the comparisons that hold when one of two is a NaN.
func unordered(all map[string]form) {
	for name, not := range map[string]func(a, b float32) bool{
		"equ": func(a, b float32) bool { return a < b || a > b },
		"neu": func(a, b float32) bool { return a == b },
		"ltu": func(a, b float32) bool { return a >= b },
		"leu": func(a, b float32) bool { return a > b },
		"gtu": func(a, b float32) bool { return a <= b },
		"geu": func(a, b float32) bool { return a < b },
		"num": func(a, b float32) bool { return a != a || b != b },
		"nan": func(a, b float32) bool { return a == a && b == b },
	} {
		all["setp."+name+".f32"] = form{"pww", words2(func(a, b uint32) uint32 {
			return truth(!not(math.Float32frombits(a), math.Float32frombits(b)))
		})}
	}
}

package stream

import (
	"math"
	"strconv"
)

// scanNumber reads the number at b[i:] and returns where it ends. Numbers of up to
// 15 or so digits are exact products of two exactly known doubles; the rest goes
// to strconv. NaN and Infinity, which JSON does not have but Python writes, are
// read as what they mean so that the non_finite policy can decide.
func scanNumber(b []byte, i int) (v float64, next int, ok bool) {
	start := i
	negative := i < len(b) && b[i] == '-'
	if negative {
		i++
	}
	var mantissa uint64
	first := i
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		mantissa = mantissa*10 + uint64(b[i]-'0')
	}
	digits := i - first
	switch {
	case digits == 0:
		return scanNonFinite(b, start)
	case digits > 1 && b[first] == '0':
		return 0, start, false
	}
	exponent := 0
	if i < len(b) && b[i] == '.' {
		i++
		first = i
		for ; i < len(b) && b[i]-'0' < 10; i++ {
			mantissa = mantissa*10 + uint64(b[i]-'0')
		}
		if i == first {
			return 0, start, false
		}
		exponent = first - i
		digits -= exponent
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		e, end := scanExponent(b, i+1)
		if end < 0 {
			return 0, start, false
		}
		exponent += e
		i = end
	}
	// 19 digits cannot overflow the mantissa; beyond 2^53 it is not exact.
	if digits > 19 || mantissa >= 1<<53 || exponent < -22 || exponent > 22 {
		v, _ = strconv.ParseFloat(string(b[start:i]), 64) // out of range reads as infinite
		return v, i, true
	}
	v = float64(mantissa)
	if exponent < 0 {
		v /= pow10(-exponent)
	} else {
		v *= pow10(exponent)
	}
	if negative {
		v = -v
	}
	return v, i, true
}

// scanExponent reads [+-]digits; end is -1 without a digit.
func scanExponent(b []byte, i int) (e, end int) {
	sign := 1
	if i < len(b) && (b[i] == '+' || b[i] == '-') {
		if b[i] == '-' {
			sign = -1
		}
		i++
	}
	first := i
	for ; i < len(b) && b[i]-'0' < 10; i++ {
		e = min(e*10+int(b[i]-'0'), 1_000_000)
	}
	if i == first {
		return 0, -1
	}
	return sign * e, i
}

func scanNonFinite(b []byte, start int) (v float64, next int, ok bool) {
	for _, word := range []struct {
		text  string
		value float64
	}{{"NaN", math.NaN()}, {"Infinity", math.Inf(1)}, {"-Infinity", math.Inf(-1)}} {
		end := start + len(word.text)
		if end <= len(b) && string(b[start:end]) == word.text {
			return word.value, end, true
		}
	}
	return 0, start, false
}

// pow10 is exact: 10^22 is the largest power of ten a double holds.
func pow10(n int) float64 {
	return [...]float64{
		1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	}[n]
}

package tta

import (
	"math"

	"ttad/accel"
)

// Softmax writes the probabilities of logits [rows classes] into probs. The
// largest logit is subtracted first and sums are float64, so finite logits of
// any size give rows that sum to 1 within 1e-6. A row with NaN or +Inf in it, or
// with nothing but -Inf, becomes NaN throughout. A Group does the same with the
// instructions of its device, to within 1e-6.
func Softmax(probs, logits *accel.Tensor) {
	for i := range logits.Rows() {
		softmaxRow(probs.Row(i), logits.Row(i))
	}
}

func softmaxRow(dst, logits []float32) {
	top := float32(math.Inf(-1))
	for _, v := range logits {
		if !(v <= top) { // also when v is NaN, which then stays in the sum
			top = v
		}
	}
	sum := 0.0
	for k, v := range logits {
		e := math.Exp(float64(v) - float64(top))
		dst[k] = float32(e)
		sum += e
	}
	for k := range dst {
		dst[k] = float32(float64(dst[k]) / sum)
	}
}

// Argmax returns the index of the largest value, the lower one on ties, and -1
// when a value is NaN or infinite.
func Argmax(row []float32) int {
	best := -1
	for k, v := range row {
		if !finite(v) {
			return -1
		}
		if best < 0 || v > row[best] {
			best = k
		}
	}
	return best
}

// Entropy is -sum p ln p of a row of probabilities, in nats, with 0 ln 0 = 0.
func Entropy(p []float32) float64 {
	h := 0.0
	for _, v := range p {
		if v > 0 {
			h -= float64(v) * math.Log(float64(v))
		}
	}
	return max(h, 0)
}

func finite(v float32) bool { return v-v == 0 }

// answer fills class and score with each row's argmax.
func answer(probs *accel.Tensor, class []int32, score []float32) {
	for i := range class {
		k := Argmax(probs.Row(i))
		class[i], score[i] = int32(k), 0
		if k >= 0 {
			score[i] = probs.Row(i)[k]
		}
	}
}

// totalVariation is half the L1 distance of two distributions.
func totalVariation(p, q []float32) float32 {
	sum := 0.0
	for k := range p {
		sum += math.Abs(float64(p[k]) - float64(q[k]))
	}
	return float32(sum / 2)
}

// sized gives t the shape [rows width], keeping its memory where it suffices.
func sized(t *accel.Tensor, rows, width int) {
	t.Data = grown(t.Data, rows*width)
	if len(t.Shape) != 2 {
		t.Shape = make([]int, 2)
	}
	t.Shape[0], t.Shape[1] = rows, width
}

// grown returns a slice of n values, keeping s's memory where it suffices.
func grown[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

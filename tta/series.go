package tta

// Point is the accuracy of the rows of a window that ends before row Row.
type Point struct {
	Row      int     `json:"row"`
	Accuracy float64 `json:"accuracy"`
}

// Series is accuracy over time: every step rows, that of the last window rows.
type Series struct {
	window, step int
	right        []bool // ring of the last window rows
	rows, hits   int
	points       []Point
}

// NewSeries starts a series. It panics unless both numbers are positive.
func NewSeries(window, step int) *Series {
	if window < 1 || step < 1 {
		panic("tta: a series needs a window and a step of at least 1 row")
	}
	return &Series{window: window, step: step, right: make([]bool, 0, window)}
}

// Add takes a row into account.
func (s *Series) Add(right bool) {
	if len(s.right) < s.window {
		s.right = append(s.right, right)
	} else {
		at := s.rows % s.window
		s.hits -= count(s.right[at])
		s.right[at] = right
	}
	s.hits += count(right)
	s.rows++
	if s.rows%s.step == 0 {
		s.points = append(s.points, s.now())
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *Series) now() Point {
	return Point{Row: s.rows, Accuracy: float64(s.hits) / float64(len(s.right))}
}

// Points returns the series so far, with a last point for rows after the last
// full step.
func (s *Series) Points() []Point {
	out := append([]Point(nil), s.points...)
	if s.rows%s.step != 0 {
		out = append(out, s.now())
	}
	return out
}

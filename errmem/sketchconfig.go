package errmem

import (
	"fmt"
	"math"
)

// SketchConfig says how large a Sketch is. Its tables take
// Arrays · 2^Bits · (1 + Classes, or 1 + 2·Classes with Bases) · 4 bytes.
type SketchConfig struct {
	Dim         int     // width of a key
	Classes     int     // at least 2
	Arrays      int     // hash tables, each with its own projections
	Bits        int     // of a hash: 2^Bits buckets a table
	Temperature float64 // of the attention over tables, above 0
	// Decay multiplies every count after each DecayEvery writes; 1 forgets only
	// where float32 could not count on, by half when the writes weigh 2^23.
	Decay      float64
	DecayEvery int
	Bases      bool  // keep what was given, for Reading.BaseMean
	MaxBytes   int64 // the most the tables may take; 0 is DefaultMaxBytes
	Seed       uint64
}

// DefaultMaxBytes is a sketch's size limit where none is given: 256 MiB.
const DefaultMaxBytes = 256 << 20

// maxBits bounds a hash; 2^24 buckets are beyond any label stream's use.
const maxBits = 24

// maxArrays bounds the number of tables.
const maxArrays = 1024

// Bytes is the memory the tables take.
func (c *SketchConfig) Bytes() int64 {
	return int64(c.Arrays) << c.Bits * int64(c.width()) * 4
}

// width is the number of sums in a bucket.
func (c *SketchConfig) width() int {
	if c.Bases {
		return 1 + 2*c.Classes
	}
	return 1 + c.Classes
}

func (c *SketchConfig) check() error {
	limit := c.MaxBytes
	if limit == 0 {
		limit = DefaultMaxBytes
	}
	switch {
	case c.Dim < 1:
		return fmt.Errorf("error sketch: keys of %d values; at least 1 is needed", c.Dim)
	case c.Classes < 2 || c.Classes > 1<<20:
		return fmt.Errorf("error sketch: %d classes is outside 2 to %d", c.Classes, 1<<20)
	case c.Arrays < 1 || c.Arrays > maxArrays:
		return fmt.Errorf("error sketch: %d arrays is outside 1 to %d", c.Arrays, maxArrays)
	case c.Bits < 1 || c.Bits > maxBits:
		return fmt.Errorf("error sketch: %d bits is outside 1 to %d", c.Bits, maxBits)
	case !(c.Temperature > 0) || math.IsInf(c.Temperature, 0):
		return fmt.Errorf("error sketch: temperature %v is not above 0", c.Temperature)
	case !(c.Decay > 0 && c.Decay <= 1):
		return fmt.Errorf("error sketch: decay %v is outside (0,1]", c.Decay)
	case c.DecayEvery < 1:
		return fmt.Errorf("error sketch: decay every %d writes; at least 1 is needed", c.DecayEvery)
	case c.Bytes() > limit:
		return fmt.Errorf("error sketch: %d arrays of 2^%d buckets of %d values take %d bytes, the limit is %d: use fewer arrays or bits, or raise the limit",
			c.Arrays, c.Bits, c.width(), c.Bytes(), limit)
	}
	return nil
}

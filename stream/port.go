package stream

import (
	"fmt"

	"ttad/accel"
	"ttad/models"
)

// port is one model input as messages may send it.
type port struct {
	name  string
	whole bool  // the model takes whole numbers
	row   []int // extents of one row as the model takes it
	sent  []int // extents of one row as messages carry it
	size  int   // elements of one row
	nhwc  bool
	bytes [][256]float32 // UINT8 value to model value: one table, or one a channel
}

func newPort(p models.Port, in InputConfig) (port, error) {
	if len(p.Shape) == 0 {
		return port{}, fmt.Errorf("input %q has no batch axis", p.Name)
	}
	row := p.Shape[1:].At(1)
	out := port{name: p.Name, whole: p.Int, row: row, sent: row, size: accel.Elements(row)}
	if out.size <= 0 {
		return port{}, fmt.Errorf("input %q has a row of shape %v", p.Name, row)
	}
	if in.Layout == "nhwc" && len(row) == 3 {
		out.nhwc = true
		out.sent = []int{row[1], row[2], row[0]}
	}
	if p.Int {
		return out, nil
	}
	channels := 1
	if len(row) > 0 {
		channels = row[0]
	}
	tables, err := byteTables(in, channels)
	if err != nil {
		return port{}, fmt.Errorf("input %q: %w", p.Name, err)
	}
	out.bytes = tables
	return out, nil
}

// byteTables maps each byte to (byte*scale - mean) / std, per channel where mean
// or std differ per channel.
func byteTables(in InputConfig, channels int) ([][256]float32, error) {
	count := 1
	for _, v := range []struct {
		name   string
		values []float64
	}{{"mean", in.Mean}, {"std", in.Std}} {
		switch len(v.values) {
		case 0, 1:
		case channels:
			count = channels
		default:
			return nil, fmt.Errorf("input.%s has %d values, expected 1 or one for each of %d channels", v.name, len(v.values), channels)
		}
	}
	at := func(values []float64, c int, fallback float64) float64 {
		switch len(values) {
		case 0:
			return fallback
		case 1:
			return values[0]
		}
		return values[c]
	}
	tables := make([][256]float32, count)
	for c := range tables {
		mean, std := at(in.Mean, c, 0), at(in.Std, c, 1)
		if std == 0 {
			return nil, fmt.Errorf("input.std is 0 for channel %d", c)
		}
		for v := range tables[c] {
			tables[c][v] = float32((float64(v)*in.Scale - mean) / std)
		}
	}
	return tables, nil
}

// rows matches a message's shape: [n row...], or [row...] for one row.
func (p *port) rows(shape []int, maxRows int) (int, *CodedError) {
	n, row := 1, shape
	if len(shape) == len(p.sent)+1 {
		n, row = shape[0], shape[1:]
	}
	fits := len(row) == len(p.sent)
	for i := 0; fits && i < len(row); i++ {
		fits = row[i] == p.sent[i]
	}
	switch {
	case !fits || n < 1:
		return 0, Refusef(BadShape, "input %q has shape %v, expected %s", p.name, shape, p.expected())
	case n > maxRows:
		return 0, Refusef(TooManyRows, "%d rows in one message, at most %d (batch.max_rows); send smaller messages", n, maxRows)
	}
	return n, nil
}

func (p *port) expected() string {
	want := accel.BatchShape(p.sent...).String() + " with N rows"
	if len(p.sent) > 0 {
		want += fmt.Sprintf(", or %v for one row", p.sent)
	}
	if p.nhwc {
		want += " (layout nhwc)"
	}
	return want
}

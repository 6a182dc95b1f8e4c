package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestMeasuringOnePartLeavesTheOthers(t *testing.T) {
	day := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	d := parseDocument("# Results\n\n## Streams\n\nMeasured on 2026-11-23.\n\n### i.i.d.\n\nold\n\n## Tables\n\nold\n")
	d.put("\n## Tables\n\nnew\n", day)
	d.put("\n## Attack\n\nmore\n", day)
	assert.Equal(t, "# Results\n\n## Streams\n\nMeasured on 2026-11-23.\n\n### i.i.d.\n\nold\n\n## Tables\n\nMeasured on 2026-11-24.\n\nnew\n\n## Attack\n\nMeasured on 2026-11-24.\n\nmore\n", d.String())
}

func TestASectionIsFoundByItsWholeHeading(t *testing.T) {
	d := parseDocument("\n## Label shift and more\n\na\n")
	d.put("\n## Label shift\n\nb\n", time.Time{})
	assert.Len(t, d.sections, 2)
}

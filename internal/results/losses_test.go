package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLossesAreCombinationsWorseThanAPart(t *testing.T) {
	columns := []pipeline{{name: "alphabn"}, {name: "ratio"}, {name: "alphabn-ratio"}}
	write := func(both float64) string {
		var b strings.Builder
		writeLosses(&b, []table{{title: "bursts", rows: []tableRow{{error: map[string]float64{"alphabn": 30, "ratio": 41, "alphabn-ratio": both}}}}}, columns)
		return b.String()
	}
	assert.Equal(t, "- bursts: `alphabn-ratio` 30.50, `alphabn` 30.00\n", write(30.5))
	assert.Equal(t, "- nowhere\n", write(29))
	assert.Equal(t, "- nowhere\n", write(30.001), "the table shows the same")
}

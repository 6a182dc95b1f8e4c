package opencl

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/accel/kernels"
)

func TestTheLineACompilerComplainsOfIsQuoted(t *testing.T) {
	const source = "#line 1 \"a.cl\"\nint a;\n#line 1 \"b.cl\"\nint b;\n  int c = d;\n"
	for log, want := range map[string]string{
		"error: b.cl:2:11: use of undeclared identifier 'd'": "b.cl:2: int c = d;",
		"a.cl(1) : error: no":                                "a.cl:1: int a;",
		"a.cl:2: error: beyond its end":                      "a.cl:2:",
		"other.cl:2: error: of no file of ours":              "other.cl:2:",
		"out of registers":                                   "",
		"b.cl:99999999999999999999: error":                   "",
	} {
		assert.Equal(t, want, complaint(log, source), log)
	}
}

func TestEveryLineOfOurSourceCanBeQuoted(t *testing.T) {
	source := kernels.Source()
	at := strings.Index(source, "KERNEL(256, 1, 1) fill(")
	before := source[strings.LastIndex(source[:at], "#line "):at]
	number := strings.Count(before, "\n")
	assert.Contains(t, sourceLine(source, "common.cl", number), "fill(")
}

package configs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSizesCarryAUnit(t *testing.T) {
	tests := []struct {
		text string
		want int64
		back string
	}{
		{"0B", 0, "0B"}, {"512B", 512, "512B"}, {"1KiB", 1 << 10, "1KiB"}, {"64MiB", 64 << 20, "64MiB"},
		{"1.5GiB", 3 << 29, "1536MiB"}, {"2TiB", 2 << 40, "2TiB"}, {"10MB", 10_000_000, "10000000B"}, {"1kB", 1000, "1000B"}, {"1KB", 1000, "1000B"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := parseBytes(tt.text)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.back, formatBytes(got))
			again, err := parseBytes(tt.back)
			require.NoError(t, err)
			assert.Equal(t, tt.want, again)
		})
	}
	for _, bad := range []string{"", "64", "-1B", "1 MiB", "MiB", "1e3B", "0.1B", "8EiB", "9223372036854775808B", "16777216TiB"} {
		_, err := parseBytes(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestDurationsCarryAUnit(t *testing.T) {
	tests := []struct {
		text string
		want time.Duration
		back string
	}{
		{"0s", 0, "0s"}, {"20ms", 20 * time.Millisecond, "20ms"}, {"1m30s", 90 * time.Second, "1m30s"}, {"24h", 24 * time.Hour, "24h"},
		{"0.5h", 30 * time.Minute, "30m"}, {"60s", time.Minute, "1m"}, {"1h0m1s", time.Hour + time.Second, "1h0m1s"}, {"7us", 7 * time.Microsecond, "7µs"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := parseDuration(tt.text)
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
			assert.Equal(t, tt.back, formatDuration(got))
			again, err := parseDuration(tt.back)
			require.NoError(t, err)
			assert.Equal(t, tt.want, again)
		})
	}
	for _, bad := range []string{"", "0", "20", "1.5", "20 ms", "1d", "ms", "1e3s", "99999999999h"} {
		_, err := parseDuration(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestRangesReadAsWords(t *testing.T) {
	tests := []struct {
		tag, words string
		in, out    []float64
	}{
		{"[1,10]", "from 1 to 10", []float64{1, 5, 10}, []float64{0.999, 10.001}},
		{"(0,1]", "over 0 and at most 1", []float64{1e-9, 1}, []float64{0, 1.1}},
		{"[0,1)", "at least 0 and below 1", []float64{0, 0.5}, []float64{1, -1}},
		{"[0,)", "at least 0", []float64{0, 1e300}, []float64{-1e-9}},
		{"(-inf,5)", "below 5", []float64{-1e300, 4}, []float64{5}},
		{"[1,1]", "1", []float64{1}, []float64{2}},
	}
	for _, tt := range tests {
		t.Run(tt.tag, func(t *testing.T) {
			b, err := parseBounds(tt.tag, plainNumber)
			require.NoError(t, err)
			assert.Equal(t, tt.words, b.String())
			for _, x := range tt.in {
				assert.True(t, b.contains(x), "%v", x)
			}
			for _, x := range tt.out {
				assert.False(t, b.contains(x), "%v", x)
			}
		})
	}
	for _, bad := range []string{"", "1,2", "[1]", "[a,b]"} {
		_, err := parseBounds(bad, plainNumber)
		assert.Error(t, err, "%q", bad)
	}
}

func TestExpandReplacesReferences(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"A": "one", "B": "", "C": "${A}"}[name]
		return v, ok
	}
	tests := []struct{ name, text, want, mistake string }{
		{"a variable", "x-${A}-y", "x-one-y", ""},
		{"an empty one is set", "<${B}>", "<>", ""},
		{"a default", "${X:-two}", "two", ""},
		{"a default for an empty one", "${B:-two}", "two", ""},
		{"an empty default", "${X:-}", "", ""},
		{"a value is not expanded again", "${C}", "${A}", ""},
		{"a dollar sign", "$$5, $5, $", "$5, $5, $", ""},
		{"a doubled sign shields a reference", "$${A}", "${A}", ""},
		{"not set", "${X}", "", "environment variable X is not set"},
		{"required", "${B:?say it}", "", "environment variable B: say it"},
		{"no end", "a ${A", "", "${ without its }"},
		{"no name", "${}", "", `"" is not the name of an environment variable`},
		{"another operator", "${A:=x}", "", "${A:=x}: after the name comes :-default or :?message"},
		{"nested", "${X:-${A}}", "", "one ${ } inside another is not supported"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, mistakes := expand(tt.text, env)
			if tt.mistake != "" {
				require.NotEmpty(t, mistakes)
				assert.Equal(t, tt.mistake, mistakes[0].message)
				return
			}
			assert.Empty(t, mistakes)
			assert.Equal(t, tt.want, got.text)
			back, _ := expand(escape(got.text), nil)
			assert.Equal(t, got.text, back.text, "escape undoes expand")
		})
	}
}

func TestNearestFindsMistypedWords(t *testing.T) {
	words := []string{"max_rows", "max_delay", "max_bytes", "group_by", "warn"}
	for _, tt := range []struct{ typed, want string }{
		{"max_row", "max_rows"}, {"maxrows", "max_rows"}, {"MAX-ROWS", "max_rows"}, {"groupby", "group_by"}, {"warning", "warn"},
		{"max_dealy", "max_delay"}, {"zebra", ""}, {"x", ""}, {"", ""},
	} {
		assert.Equal(t, tt.want, nearest(tt.typed, words), "%q", tt.typed)
	}
}

package labelshift

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return data
}

func adapterOfFive(t testing.TB) *Adapter {
	t.Helper()
	a, err := ParseAdapter(read(t, "adapter.json"))
	require.NoError(t, err)
	return a
}

func TestFilesOfVersion1AreReadAndWrittenAgainAlike(t *testing.T) {
	again, err := adapterOfFive(t).Encode()
	require.NoError(t, err)
	assert.Equal(t, string(read(t, "adapter.json")), string(again))
	c, err := ParseConfusion(read(t, "confusion.json"))
	require.NoError(t, err)
	again, err = c.Encode()
	require.NoError(t, err)
	assert.Equal(t, string(read(t, "confusion.json")), string(again))
}

func TestSpoiltAdaptersAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"from the future":      {`"version":1`, `"version":2`, "version 2, this program reads version 1"},
		"an unknown field":     {`"version":1`, `"version":1,"w3":""`, `unknown field "w3"`},
		"nobody's":             {`"model":"0123456789ab"`, `"model":""`, "no model is named"},
		"other sizes":          {`"features":8`, `"features":7`, "w2 has"},
		"huge sizes":           {`"classes":5`, `"classes":1099511627776`, "1099511627776 classes"},
		"other outputs":        {`"outputs":"full"`, `"outputs":"half"`, `outputs "half" is none of`},
		"other input":          {`"input":"log_ratio"`, `"input":"words"`, `input "words" is none of`},
		"no base64":            {`"b1":"`, `"b1":"!`, "illegal base64"},
		"half a number":        {`"b1":"`, `"b1":"AAAA`, "are no float32 values"},
		"a prior of nothing":   {`[0.4,0.3,0.15,0.1,0.05]`, `[0,0,0,0,0]`, "sums to 0"},
		"a prior of too few":   {`[0.4,0.3,0.15,0.1,0.05]`, `[0.5,0.5]`, "2 entries for 5 classes"},
		"a negative share":     {`[0.4,0.3,0.15,0.1,0.05]`, `[1.4,-0.4,0,0,0]`, "with 1.4 in it"},
		"text after the file":  {"}\n", "}\n{}", "more text"},
		"something else first": {"{", "[", "read adapter"},
	} {
		t.Run(name, func(t *testing.T) {
			text := string(read(t, "adapter.json"))
			require.Contains(t, text, c.old)
			_, err := ParseAdapter([]byte(strings.Replace(text, c.old, c.new, 1)))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestWeightsThatAreNotFiniteAreNeitherReadNorWritten(t *testing.T) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		a := adapterOfFive(t)
		good, err := weights(a.B2).MarshalJSON()
		require.NoError(t, err)
		a.B2[0] = bad
		_, err = a.Encode()
		require.ErrorContains(t, err, "weights that are not finite")
		spoilt, err := weights(a.B2).MarshalJSON()
		require.NoError(t, err)
		text := string(read(t, "adapter.json"))
		require.Contains(t, text, string(good))
		_, err = ParseAdapter([]byte(strings.Replace(text, string(good), string(spoilt), 1)))
		require.ErrorContains(t, err, "weights that are not finite")
	}
}

func TestSpoiltConfusionMatricesAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"from the future": {`{"version":2,"model":"m","rows":1,"joint":[[1]]}`, "version 2"},
		"nobody's":        {`{"version":1,"model":"","rows":1,"joint":[[1]]}`, "no model"},
		"not square":      {`{"version":1,"model":"m","rows":1,"joint":[[0.5,0.5],[0]]}`, "row 1 has 1 entries of 2"},
		"negative":        {`{"version":1,"model":"m","rows":1,"joint":[[0.5,-0.1],[0.1,0.5]]}`, "the share of class 1 answered as 0 is -0.1"},
		"counts":          {`{"version":1,"model":"m","rows":1,"joint":[[0.5,0.1],[0.1,0.1]]}`, "sum to 0.8"},
		"empty":           {`{"version":1,"model":"m","rows":1,"joint":[]}`, "sum to 0"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfusion([]byte(c.text))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// What an adapter file says is either refused or can be served without a panic.
func FuzzParseAdapter(f *testing.F) {
	f.Add(read(f, "adapter.json"))
	f.Add([]byte(`{"version":1,"model":"m","classes":2,"features":0,"outputs":"bias","input":"degree","tau":1,"source_prior":[0.5,0.5],` +
		`"w1":"AACAPw==","b1":"AAAAAA==","w2":"AACAPwAAgL8=","b2":"AAAAAAAAAAA="}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseAdapter(data)
		if err != nil {
			return
		}
		a.Adapt(uniform(a.Classes), accel.NewTensor(2, a.Classes), accel.NewTensor(2, a.Features))
		again, err := a.Encode()
		require.NoError(t, err)
		_, err = ParseAdapter(again)
		require.NoError(t, err)
	})
}

func FuzzParseConfusion(f *testing.F) {
	f.Add(read(f, "confusion.json"))
	f.Add([]byte(`{"version":1,"model":"m","rows":1,"joint":[[1,0],[0,0]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfusion(data)
		if err != nil {
			return
		}
		if v, err := c.invert(); err == nil {
			prior := make([]float64, len(c.Joint))
			v.prior(prior, v.rates(uniform(len(prior))))
			require.True(t, isPrior(prior))
		}
	})
}

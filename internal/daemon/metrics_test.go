package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/stream"
	"ttad/tta"
)

// Every metric is in docs/operations.md, under its full name, and the page names
// none that is not there.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	require.NoError(t, err)
	described := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(line, "| `ttad_"); ok {
			described["ttad_"+name[:strings.IndexAny(name, "`{")]] = true
		}
	}
	m := newMetrics()
	registered := map[string]bool{}
	all := append(m.all, newInputCollector("g", &stream.Input{}), newEventCollector("g", nil), newLabelCollector("g", nil, nil))
	for _, c := range all {
		for _, name := range namesOf(c) {
			registered[name] = true
		}
	}
	assert.Equal(t, registered, described)
}

// What the connection would not take was not published, whatever the batch held.
func TestWhatIsLostIsNotCountedAsAnOutput(t *testing.T) {
	m := newMetrics()
	p := &stream.Parcel{Deliveries: []*stream.Delivery{
		{Item: tta.Item{Rows: 2}}, {Item: tta.Item{Rows: 3}}, {Item: tta.Item{Rows: 4}},
	}}
	m.forGroup("g").committed(p, stream.Receipt{Outputs: 3, Challengers: 1, Rows: 5, Lost: 2}, time.Millisecond)
	assert.EqualValues(t, 2, testutil.ToFloat64(m.outputs), "of the champion, not of its challenger")
	assert.EqualValues(t, 5, testutil.ToFloat64(m.rows))
	assert.EqualValues(t, 2, testutil.ToFloat64(m.lost))
}

// namesOf reads a collector's metric names off their descriptions.
func namesOf(c prometheus.Collector) []string {
	ch := make(chan *prometheus.Desc, 100)
	c.Describe(ch)
	close(ch)
	var names []string
	for d := range ch {
		_, rest, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ := strings.Cut(rest, `"`)
		names = append(names, name)
	}
	return names
}

package demo

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scores serves what a daemon would say, one answer after the other, the last
// again and again.
func scores(t *testing.T, answers ...string) (address string, asked *int) {
	t.Helper()
	asked = new(int)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/scores", r.URL.Path)
		fmt.Fprint(w, answers[min(*asked, len(answers)-1)])
		*asked++
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://"), asked
}

func standing(rows int) string {
	return fmt.Sprintf(`{"demo":{"standings":[{"pipeline":"source","total":{"rows":%d,"accuracy":0.5}}]}}`, rows)
}

func TestStandingsAreAskedForUntilEveryLabelCounts(t *testing.T) {
	address, asked := scores(t, `{"demo":{"standings":[]}}`, standing(3), standing(7), standing(8))
	got, err := askStandings(t.Context(), address, 7, time.Minute)
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.Equal(t, 7, got[0].Total.Rows)
	assert.Equal(t, 3, *asked)
}

func TestLabelsThatNeverCountAreNotWaitedForForever(t *testing.T) {
	address, _ := scores(t, standing(3))
	got, err := askStandings(t.Context(), address, 7, 120*time.Millisecond)
	require.NoError(t, err)
	assert.Equal(t, 3, got[0].Total.Rows)
}

func TestScoresThatCannotBeReadSayWhere(t *testing.T) {
	address, _ := scores(t, "not found")
	_, err := askStandings(t.Context(), address, 1, time.Minute)
	assert.ErrorContains(t, err, "read scores of http://"+address+"/scores, status 200")
	_, err = askStandings(t.Context(), "127.0.0.1:1", 1, time.Minute)
	assert.ErrorContains(t, err, "ask for scores")
}

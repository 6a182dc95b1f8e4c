package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"ttad/internal/daemon"
	"ttad/tta"
)

// askStandings asks the daemon how its pipelines stand by the labels it was sent:
// what an operator sees, who has no truth but those. It asks until the given
// number of labels has been scored, and for as long as patience lasts.
func askStandings(ctx context.Context, address string, labels int, patience time.Duration) ([]tta.Standing, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	var last []tta.Standing
	for {
		standings, err := getStandings(ctx, address)
		switch {
		case err != nil && ctx.Err() != nil && last != nil:
			return last, nil
		case err != nil, len(standings) > 0 && standings[0].Total.Rows >= labels:
			return standings, err
		}
		last = standings
		select {
		case <-again.C:
		case <-ctx.Done():
			return last, nil
		}
	}
}

func getStandings(ctx context.Context, address string) ([]tta.Standing, error) {
	url := "http://" + address + "/scores"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("ask for scores: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("ask for scores: %w", err)
	}
	defer response.Body.Close()
	var groups map[string]daemon.Scores
	if err := json.NewDecoder(response.Body).Decode(&groups); err != nil {
		return nil, fmt.Errorf("read scores of %s, status %s: %w", url, response.Status, err)
	}
	return groups[group].Standings, nil
}

// byLabels is the line of the table that labels alone would give.
func (s *Score) byLabels() PhaseSummary {
	p := PhaseSummary{Name: "all, as labels tell", Accuracy: map[string]float64{}}
	for _, st := range s.standings {
		p.Accuracy[st.Pipeline] = st.Total.Accuracy
		if st.Pipeline == s.parties[s.champion].Name {
			p.Rows, p.GainPoints = st.Total.Rows, 100*st.Advantage.Mean
		}
	}
	return p
}

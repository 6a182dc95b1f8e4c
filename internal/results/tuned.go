package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"ttad/tta"
)

// tuneDelay is how many rows late labels come while settings are searched.
const tuneDelay = 500

// tuned is what 'ttad tune --json' prints, as far as it is needed here.
type tuned struct {
	Winner struct {
		Settings map[string]string `json:"settings"`
	} `json:"winner"`
	InForce float64      `json:"in_force"`
	Best    float64      `json:"best"`
	Gain    tta.Interval `json:"gain"`
	Taken   bool         `json:"taken"`
}

// writeTuned lets 'ttad tune' choose settings on recorded tables.
func writeTuned(ctx context.Context, r *runner, _ plan, b *strings.Builder) error {
	fmt.Fprintf(b, tunedHead, tuneDelay)
	columns := []pipeline{{"alphabn", "[alphabn]"}, {"bnema", "[bnema]"}, {"ratio", "[labelshift]"}, {"reloop", "[reloop]"}}
	for _, t := range recordedTables() {
		cfg, err := r.writeConfig(setup{name: t.name + "-tune", model: t.model(), pipelines: columns, batch: 64, tabular: true})
		if err != nil {
			return err
		}
		for _, c := range columns {
			found, err := r.tune(ctx, append([]string{cfg, "--pipeline", c.name, "--label-delay", fmt.Sprint(tuneDelay)}, t.inputs(r)...)...)
			if err != nil {
				return err
			}
			fmt.Fprintf(b, "| %s | `%s` | %s | %.4f | %.4f | %+.4f [%+.4f, %+.4f] | %s |\n", t.name, c.strategies, found.settings(),
				found.InForce, found.Best, found.Gain.Mean, found.Gain.Low, found.Gain.High, yesNo(found.Taken))
		}
	}
	b.WriteString(tunedWhy)
	return nil
}

func (r *runner) tune(ctx context.Context, args ...string) (*tuned, error) {
	cmd := exec.CommandContext(ctx, r.bin, append([]string{"tune", "--json"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ttad tune %s: %w", strings.Join(args, " "), err)
	}
	var found tuned
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, fmt.Errorf("read what ttad tune %s found: %w", strings.Join(args, " "), err)
	}
	return &found, nil
}

func (t *tuned) settings() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(t.Winner.Settings)) {
		parts = append(parts, fmt.Sprintf("%s %s", name, t.Winner.Settings[name]))
	}
	if parts == nil {
		return "those in force"
	}
	return strings.Join(parts, ", ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

package main

import (
	"context"
	"fmt"
	"strings"

	"ttad/tta"
)

// delays are how many rows late labels come.
func delays() []int { return []int{100, 500, 5000} }

// writeDelayed measures drifting tables whose labels come late.
func writeDelayed(ctx context.Context, r *runner, _ plan, b *strings.Builder) error {
	b.WriteString(delayedHead)
	var used []string
	for _, t := range recordedTables() {
		ratio, err := t.ratio(r)
		if err != nil {
			return err
		}
		columns := []pipeline{
			{"source", "[source]"}, {"reloop", "[reloop]"}, {"ratio", list(ratio)}, {"ratio-reloop", list(ratio, "reloop: {}")},
		}
		cfg, err := r.writeConfig(setup{name: t.name + "-late", model: t.model(), pipelines: columns, batch: 64, tabular: true})
		if err != nil {
			return err
		}
		for _, delay := range delays() {
			rep, err := r.run(ctx, cfg, append(t.inputs(r), "--label-delay", fmt.Sprint(delay))...)
			if err != nil {
				return err
			}
			writeLate(b, t.name, delay, rep)
		}
		used = append(used, fmt.Sprintf("on %s `ratio` is `%s`", t.name, list(ratio)))
	}
	fmt.Fprintf(b, "\nWith the training part's class shares given: %s.\n", strings.Join(used, "; "))
	b.WriteString(delayedWhy)
	return nil
}

func writeLate(b *strings.Builder, name string, delay int, rep *report) {
	for _, p := range rep.Pipelines {
		fmt.Fprintf(b, "| %s | %d | %s | %.2f | %.4f | %.4f | %s |\n", name, delay, p.Name, 100*(1-p.Error), p.AUC, p.Brier, gain(p.Advantage))
	}
}

// gain is an advantage in points with its 95 % interval.
func gain(a *tta.Interval) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("%+.2f [%+.2f, %+.2f]", 100*a.Mean, 100*a.Low, 100*a.High)
}

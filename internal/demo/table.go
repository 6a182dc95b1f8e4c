package demo

import (
	"fmt"
	"strings"
)

// tableHeader is aligned with tableRow, for the summary and the live view.
func tableHeader(parties []Party) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-26s %6s", "phase", "rows")
	for _, p := range parties {
		fmt.Fprintf(&b, " %8s", p.Name)
	}
	fmt.Fprintf(&b, " %7s\n", "gain")
	return b.String()
}

// tableRow is a phase's line; cells are what tableCell made of each party's share.
func tableRow(name string, rows int, cells []string, gainPoints float64) string {
	return fmt.Sprintf("%-26s %6d %s %+7.1f\n", name, rows, strings.Join(cells, " "), gainPoints)
}

// tableCell is an accuracy in percent, or a dash for a party that has not answered.
func tableCell(share float64, answered bool) string {
	if !answered {
		return fmt.Sprintf("%8s", "-")
	}
	return fmt.Sprintf("%7.1f%%", 100*share)
}

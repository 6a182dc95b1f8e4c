package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"ttad/accel"
)

// writeSchedules prints how the device runs the model, one table a way.
func writeSchedules(w io.Writer, rows int, schedules []accel.Schedule) error {
	if len(schedules) == 0 {
		_, err := fmt.Fprint(w, "\nthe device does not tell how it runs the model\n")
		return err
	}
	for _, s := range schedules {
		if err := writeSchedule(w, rows, s); err != nil {
			return err
		}
	}
	return nil
}

func writeSchedule(w io.Writer, rows int, s accel.Schedule) error {
	fmt.Fprintf(w, "\nplan for %s, up to %d rows: %s, results in %s, scratch %s\n",
		s.When, rows, count(len(s.Steps), "step"), kibibytes(s.ArenaBytes), kibibytes(s.ScratchBytes))
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprint(t, "  node\tkernel\tresult\tat\tsize\tscratch\talso does\n")
	for _, step := range s.Steps {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\n", step.Node, step.Kernel, extents(step.Shape),
			kibibytes(step.Offset), kibibytes(step.Bytes), kibibytes(step.ScratchBytes), alsoDoes(step))
	}
	if err := t.Flush(); err != nil || len(s.Free) == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "  nothing to do: %s\n", strings.Join(s.Free, ", "))
	return err
}

// alsoDoes lists the nodes a step saves: melted into its weights, or done to its
// result while that is in cache.
func alsoDoes(s accel.Scheduled) string {
	var parts []string
	if len(s.Folded) > 0 {
		parts = append(parts, "in its weights "+strings.Join(s.Folded, ", "))
	}
	if len(s.Fused) > 0 {
		parts = append(parts, "to its result "+strings.Join(s.Fused, ", "))
	}
	return strings.Join(parts, "; ")
}

// extents writes a shape as 64x16x32x32, a single number as scalar.
func extents(shape []int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", "x")
}

// kibibytes keeps one unit down a column.
func kibibytes(n int) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%.1f KiB", float64(n)/1024)
}

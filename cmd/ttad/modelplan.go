package main

import (
	"fmt"
	"io"
	"strconv"
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
	fmt.Fprintf(w, "\nplan for %s, up to %d rows: %s, weights %s, results in %s, of chunks in %s, scratch %s\n",
		s.When, rows, work(s), kibibytes(s.WeightsBytes), kibibytes(s.ArenaBytes), kibibytes(s.LocalBytes), kibibytes(s.ScratchBytes))
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprint(t, "  segment\tnode\tkernel\tresult\tof\tat\tsize\tscratch\talso does\n")
	for i, step := range s.Steps {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", segment(s.Steps, i), step.Node, step.Kernel,
			result(step), kibibytes(step.ScratchBytes), alsoDoes(step))
	}
	if err := t.Flush(); err != nil || len(s.Free) == 0 {
		return err
	}
	_, err := fmt.Fprintf(w, "  nothing to do: %s\n", strings.Join(s.Free, ", "))
	return err
}

// work counts steps, and the launches they are for a device that is asked for kernels.
func work(s accel.Schedule) string {
	launches := 0
	for _, step := range s.Steps {
		launches += step.Launches
	}
	if launches == 0 {
		return count(len(s.Steps), "step")
	}
	return count(len(s.Steps), "step") + " in " + strconv.Itoa(launches) + " launches"
}

// segment tells, where one begins, how many rows at a time go through it.
func segment(steps []accel.Scheduled, i int) string {
	s := steps[i]
	switch {
	case i > 0 && steps[i-1].Segment == s.Segment:
		return ""
	case s.ChunkRows == 0:
		return "all rows"
	}
	return count(s.ChunkRows, "row")
}

// result tells a result's extents, of what it is and where it lies, in four columns.
func result(s accel.Scheduled) string {
	if s.Shape == nil {
		return "-\t\t\t"
	}
	of := "batch"
	if s.Local {
		of = "chunk"
	}
	return strings.Join([]string{extents(s.Shape), of, kibibytes(s.Offset), kibibytes(s.Bytes)}, "\t")
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

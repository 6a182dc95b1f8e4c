package models

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// some lists a few names and counts the rest.
func some(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more layers", strings.Join(names[:most], ", "), len(names)-most)
}

// WriteText writes the description for people.
func (d Description) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "model\t%s (sha256 %s...)\n", d.Name, d.Digest)
	for _, p := range d.Inputs {
		fmt.Fprintf(t, "input\t%s %s %s\n", p.Name, p.Type, p.Shape)
	}
	fmt.Fprintf(t, "logits\t%s, %d classes\n", d.Logits, d.Classes)
	fmt.Fprintf(t, "features\t%s\n", d.featureText())
	fmt.Fprintf(t, "parameters\t%s\n", amount(float64(d.Parameters), ""))
	fmt.Fprintf(t, "work\t%s a row\n", amount(d.FLOPs, "FLOP"))
	fmt.Fprintf(t, "memory\t%s floats a row over all layers, %s at once\n", amount(float64(d.ActivationFloats), ""), amount(float64(d.PeakFloats), ""))
	if err := t.Flush(); err != nil {
		return err
	}
	if err := d.writeTables(w); err != nil {
		return err
	}
	for _, line := range append(d.Notes, d.Advice...) {
		if _, err := fmt.Fprintf(w, "\n%s\n", line); err != nil {
			return err
		}
	}
	return nil
}

func (d Description) featureText() string {
	switch {
	case d.Features == "":
		return "none found: name them with model.features"
	case d.LinearHead:
		return fmt.Sprintf("%s, %d wide, into one linear layer", d.Features, d.FeatureWidth)
	}
	return fmt.Sprintf("%s, %d wide", d.Features, d.FeatureWidth)
}

func (d Description) writeTables(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\noperator\tsteps\tFLOP a row\tshare\t\n")
	for _, c := range d.Operators {
		share := 0.
		if d.FLOPs > 0 {
			share = 100 * c.FLOPs / d.FLOPs
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%.1f %%\t\n", c.Op, c.Steps, amount(c.FLOPs, ""), share)
	}
	if len(d.Norms) == 0 {
		fmt.Fprint(t, "\nnorm nodes: none\n")
		return t.Flush()
	}
	fmt.Fprint(t, "\nnorm node\tchannels\tpositions\t\t\n")
	for _, n := range d.Norms {
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t\n", n.Name, n.Channels, n.Positions, n.kind())
	}
	return t.Flush()
}

func (n NormDescription) kind() string {
	switch {
	case n.FeedsLogits:
		return "calibrated, on the logits"
	case n.Virtual:
		return "calibrated"
	}
	return ""
}

// amount writes a number with a unit and its prefix: "81.6 MFLOP", "272 k".
func amount(v float64, unit string) string {
	for _, prefix := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= prefix.size {
			return fmt.Sprintf("%.3g %s%s", v/prefix.size, prefix.name, unit)
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%.0f %s", v, unit))
}

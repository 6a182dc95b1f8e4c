package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"ttad/models"
)

// partReport is a run of nodes on one device, as 'ttad model --json' prints it.
type partReport struct {
	First  string   `json:"first"` // node
	Last   string   `json:"last"`
	Steps  int      `json:"steps"`
	Device string   `json:"device"`        // kind
	Why    []string `json:"why,omitempty"` // what devices asked before say against these nodes
}

func partsOf(p models.Placement) []partReport {
	var parts []partReport
	for _, part := range p.Parts {
		parts = append(parts, partReport{part.First, part.Last, part.Steps, part.Device.Kind, part.Why})
	}
	return parts
}

// writePlacement prints where the nodes run, in a line where that is one device.
func writePlacement(w io.Writer, p models.Placement) error {
	if p.Cuts() == 0 {
		fmt.Fprintf(w, "\nplacement: all %d steps on %s\n", p.Steps, p)
	} else {
		fmt.Fprintf(w, "\nplacement: %s\n", p)
		if err := writeParts(w, p); err != nil {
			return err
		}
	}
	for _, why := range p.Refused {
		fmt.Fprintf(w, "  not used: %v\n", why)
	}
	if warning := p.Warning(); warning != "" {
		fmt.Fprintf(w, "  warning: %s\n", warning)
	}
	return nil
}

func writeParts(w io.Writer, p models.Placement) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprint(t, "  device\tsteps\tnodes\tbecause\n")
	for _, part := range p.Parts {
		nodes := part.First
		if part.Steps > 1 {
			nodes += " to " + part.Last
		}
		fmt.Fprintf(t, "  %s\t%d\t%s\t%s\n", part.Device.Kind, part.Steps, nodes, strings.Join(part.Why, "; "))
	}
	return t.Flush()
}

package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/accel/cuda"
	"ttad/accel/opencl"
)

func newDevicesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "devices",
		Short: "List what this machine can compute on, and why it cannot",
		Long: `Devices lists the processor, the cards NVIDIA's driver knows, and the devices of
every OpenCL driver, each with what it is and whether ttad would use it; and for kinds
that are not here what is missing. The names are those of device.prefer, the numbers
those of device.index.

Nothing is computed: a device that is listed as usable still has to pass a self-test
when ttad starts.`,
		Example: `  ttad devices
  ttad devices --json`,
		GroupID: groupLook,
		Args:    exactly(0),
		RunE: func(*cobra.Command, []string) error {
			return a.printDevices(discoverDevices())
		},
	}
}

// deviceKinds are the kinds that can be on a machine, in the order of the default
// device.prefer.
var deviceKinds = []struct {
	name     string
	discover func() ([]accel.Found, error)
}{
	{"cuda", func() ([]accel.Found, error) { return cuda.Discover(cuda.Config{}) }},
	{"opencl", func() ([]accel.Found, error) { return opencl.Discover(opencl.Config{}) }},
	{"cpu", discoverProcessor},
}

func kindsOfDevices() (names []string) {
	for _, kind := range deviceKinds {
		names = append(names, kind.name)
	}
	return names
}

// discoverProcessor asks the engine what it would run on.
func discoverProcessor() ([]accel.Found, error) {
	d, err := cpu.New(cpu.Config{})
	if err != nil {
		return nil, err
	}
	info := d.Info()
	info.Type = "cpu"
	return []accel.Found{{Info: info}}, d.Close()
}

// devicesReport is what 'ttad devices --json' prints.
type devicesReport struct {
	Devices []deviceReport `json:"devices"`
	// Missing are the kinds of which there is no device.
	Missing []missingReport `json:"missing,omitempty"`
}

type deviceReport struct {
	Kind    string `json:"kind"`
	Index   int    `json:"index"`
	Name    string `json:"name"`
	Type    string `json:"type,omitempty"`
	Memory  int64  `json:"memory_bytes,omitempty"`
	Threads int    `json:"threads,omitempty"`
	Driver  string `json:"driver"`
	Version string `json:"version,omitempty"`
	Usable  bool   `json:"usable"`
	Reason  string `json:"reason,omitempty"` // why it is not
}

type missingReport struct {
	Kind string `json:"kind"`
	// Broken is false where nothing of the kind is installed.
	Broken bool   `json:"broken"`
	Reason string `json:"reason"`
}

func discoverDevices() devicesReport {
	r := devicesReport{Devices: []deviceReport{}}
	for _, kind := range deviceKinds {
		found, err := kind.discover()
		if err != nil {
			r.Missing = append(r.Missing, missingReport{kind.name, !errors.Is(err, accel.ErrNoDevice), err.Error()})
		}
		for _, f := range found {
			r.Devices = append(r.Devices, reportOf(f))
		}
	}
	return r
}

func reportOf(f accel.Found) deviceReport {
	i := f.Info
	r := deviceReport{
		Kind: i.Kind, Index: i.Index, Name: i.Name, Type: i.Type, Memory: i.Memory, Threads: i.Threads,
		Driver: i.Driver, Version: i.Version, Usable: f.Refused == nil,
	}
	if f.Refused != nil {
		r.Reason = f.Refused.Error()
	}
	return r
}

func (a *app) printDevices(r devicesReport) error {
	if a.json {
		return a.printJSON(r)
	}
	return r.writeText(a.stdout)
}

// writeText prints a table, and below it the reasons, which are sentences.
func (r devicesReport) writeText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KIND\tINDEX\tNAME\tTYPE\tMEMORY\tDRIVER\tVERSION\tVERDICT")
	for _, d := range r.Devices {
		verdict := "usable"
		if !d.Usable {
			verdict = "refused"
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", d.Kind, d.Index, d.Name, dash(d.Type), memoryText(d.Memory), dash(d.Driver), dash(d.Version), verdict)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, d := range r.Devices {
		if !d.Usable {
			fmt.Fprintf(out, "\n%s %d is refused\n%s\n", d.Kind, d.Index, wrap(d.Reason, "  "))
		}
	}
	for _, m := range r.Missing {
		what := "is not here"
		if m.Broken {
			what = "does not work"
		}
		fmt.Fprintf(out, "\n%s %s\n%s\n", m.Kind, what, wrap(m.Reason, "  "))
	}
	return nil
}

// memoryText is a size in GiB, as cards are sold.
func memoryText(bytes int64) string {
	if bytes == 0 {
		return "-"
	}
	return strconv.FormatFloat(float64(bytes)/(1<<30), 'f', 1, 64) + " GiB"
}

package models

import (
	"fmt"
	"strings"

	"ttad/accel"
)

// manyCuts is from how many cuts on a plan is likely slower than the processor alone:
// each costs a copy in either direction and a wait for the device.
const manyCuts = 4

// Placement tells where a plan runs, part by part, and why not on the devices asked
// before.
type Placement struct {
	Parts   []Placed
	Steps   int
	Refused []error // of devices that run nothing: kind and reason
}

// Placed is a run of neighbouring nodes on one device.
type Placed struct {
	Device      accel.Info
	First, Last string // nodes
	Steps       int
	Why         []string // what devices asked before say against these nodes
}

// Device is that of the most steps.
func (p Placement) Device() accel.Info {
	best := 0
	for i := range p.Parts {
		if p.Parts[i].Steps > p.Parts[best].Steps {
			best = i
		}
	}
	return p.Parts[best].Device
}

// Cuts is how often a forward passes from device to device.
func (p Placement) Cuts() int { return len(p.Parts) - 1 }

// Warning says what is the matter with the placement; empty is nothing.
func (p Placement) Warning() string {
	if p.Cuts() <= manyCuts {
		return ""
	}
	return fmt.Sprintf("the plan is cut %d times between %s, and every cut is a copy and a wait: the CPU alone is likely faster (device.prefer: [cpu])",
		p.Cuts(), strings.Join(p.kinds(), " and "))
}

// String is one line for people: the device, or how the steps are divided.
func (p Placement) String() string {
	if len(p.Parts) == 1 {
		return describe(p.Parts[0].Device)
	}
	steps := map[string]int{}
	for _, part := range p.Parts {
		steps[part.Device.Kind] += part.Steps
	}
	var shares []string
	for i, kind := range p.kinds() {
		unit := ""
		if i == 0 {
			unit = "steps "
		}
		shares = append(shares, fmt.Sprintf("%d %son %s", steps[kind], unit, kind))
	}
	return fmt.Sprintf("%s, in %d parts; most on %s", strings.Join(shares, " and "), len(p.Parts), describe(p.Device()))
}

// describe names a device: a processor by its workers, another by its driver.
func describe(d accel.Info) string {
	if d.Threads > 0 {
		return fmt.Sprintf("%s (%s, %d threads)", d.Kind, d.Name, d.Threads)
	}
	return fmt.Sprintf("%s (%s, %s)", d.Kind, d.Name, strings.TrimSpace(d.Driver+" "+d.Version))
}

// kinds are those of the devices in use, in order of first use.
func (p Placement) kinds() []string {
	var kinds []string
	seen := map[string]bool{}
	for _, part := range p.Parts {
		if !seen[part.Device.Kind] {
			seen[part.Device.Kind] = true
			kinds = append(kinds, part.Device.Kind)
		}
	}
	return kinds
}

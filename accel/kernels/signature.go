package kernels

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kernel is a function devices can launch.
type Kernel struct {
	Name string
	// Local is the items of a group along each axis; a launch cannot change it.
	Local  [3]int
	Params []Param
}

// Param is a parameter of a kernel.
type Param struct {
	Name string
	Type Type
}

// Type is what a parameter takes.
type Type uint8

// Types of parameters.
const (
	Memory Type = iota // a pointer to floats or ints on the device
	Int                // int32
	Float              // float32
)

// String is the type's name in messages.
func (t Type) String() string { return [...]string{"memory", "int", "float"}[t] }

// signature matches KERNEL(256, 1, 1) name(parameters).
var signature = regexp.MustCompile(`(?s)\bKERNEL\((\d+), (\d+), (\d+)\)\s+(\w+)\(([^)]*)\)`)

// All reads every kernel's signature from the source.
func All() (map[string]*Kernel, error) {
	all := map[string]*Kernel{}
	for _, m := range signature.FindAllStringSubmatch(Source(), -1) {
		k := &Kernel{Name: m[4]}
		for i := range k.Local {
			k.Local[i], _ = strconv.Atoi(m[1+i]) // digits
		}
		for text := range strings.SplitSeq(m[5], ",") {
			p, err := param(text)
			if err != nil {
				return nil, fmt.Errorf("kernel %s: %w", k.Name, err)
			}
			k.Params = append(k.Params, p)
		}
		if all[k.Name] != nil {
			return nil, fmt.Errorf("kernel %s is there twice", k.Name)
		}
		all[k.Name] = k
	}
	return all, nil
}

// param reads a declaration such as __global const float *x.
func param(text string) (Param, error) {
	words := strings.Fields(strings.ReplaceAll(text, "*", " * "))
	if len(words) < 2 {
		return Param{}, fmt.Errorf("parameter %q has no type", text)
	}
	p := Param{Name: words[len(words)-1]}
	switch kind := strings.Join(words[:len(words)-1], " "); kind {
	case "int":
		p.Type = Int
	case "float":
		p.Type = Float
	case "__global float *", "__global const float *", "__global int *", "__global const int *":
		p.Type = Memory
	default:
		return Param{}, fmt.Errorf("parameter %s is of type %q, want int, float or a pointer to global memory of these", p.Name, kind)
	}
	return p, nil
}

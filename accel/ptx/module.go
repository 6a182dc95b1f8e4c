package ptx

import (
	"maps"
	"slices"
	"strings"
)

// Module is a text of PTX with the kernels in it. It does not change, but for the
// counts of what was executed, and is safe for concurrent use.
type Module struct {
	kernels map[string]*Kernel
}

// Load reads a module, or returns a *SyntaxError.
func Load(text string) (*Module, error) {
	return parse(text)
}

// Kernel is the kernel of a name, or nil.
func (m *Module) Kernel(name string) *Kernel { return m.kernels[name] }

// Kernels are all kernels by name.
func (m *Module) Kernels() []*Kernel {
	return slices.SortedFunc(maps.Values(m.kernels), func(a, b *Kernel) int { return strings.Compare(a.Name, b.Name) })
}

// Kernel is one entry of a module, ready to run.
type Kernel struct {
	Name   string
	Params []Param

	words, longs           int // registers of 32 and of 64 bits
	freshWords, freshLongs int // the first of them, which the code declares
	constants, given       []constant
	specials               []special
	shared                 []variable
	code                   []basic
	proved                 bool      // to read only registers that were written to
	counts                 []counter // one for each of code
}

// Param is a parameter of a kernel as the caller lays it out.
type Param struct {
	Bytes  int  // 4 or 8
	Float  bool // .f32
	Offset int  // in a buffer of all parameters
}

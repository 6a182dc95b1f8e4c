package ptx

import (
	"strconv"
	"strings"
)

// maxShared is the local memory of the kernels' dialect, in bytes.
const maxShared = 16 << 10

// parser reads a module a line at a time, the way LLVM lays them out: a statement a
// line.
type parser struct {
	line    int
	forms   map[string]form
	shared  map[string]int // bytes of variables outside kernels
	kernels map[string]*Kernel
	body    *body // of the kernel being read; nil outside
	opened  bool  // its brace was seen
}

func parse(text string) (*Module, error) {
	p := &parser{forms: allForms(), shared: map[string]int{}, kernels: map[string]*Kernel{}}
	for line := range strings.SplitSeq(text, "\n") {
		p.line++
		line, _, _ = strings.Cut(line, "//")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := p.statement(line); err != nil {
			return nil, err
		}
	}
	if p.body != nil {
		return nil, refuse(p.line, "kernel %s does not end", p.body.kernel.Name)
	}
	return &Module{kernels: p.kernels}, nil
}

func (p *parser) statement(s string) error {
	switch {
	case p.body == nil:
		return p.outside(s)
	case !p.opened:
		return p.signature(s)
	case s == "}":
		return p.end()
	default:
		return p.body.statement(p.line, s)
	}
}

// outside reads a statement that belongs to no kernel.
func (p *parser) outside(s string) error {
	switch s {
	case ".version 6.0", ".target sm_52", ".address_size 64":
		return nil
	}
	if rest, ok := strings.CutPrefix(s, ".visible .entry "); ok {
		return p.begin(strings.TrimRight(rest, "()"))
	}
	if rest, ok := strings.CutPrefix(s, ".shared "); ok {
		return readVariable(p.line, rest, p.shared)
	}
	return refuse(p.line, "%q is not known outside kernels", s)
}

// readVariable enters .align 4 .b8 name[64]; of shared memory into all.
func readVariable(line int, s string, all map[string]int) error {
	words := strings.Fields(strings.TrimSuffix(s, ";"))
	if len(words) != 4 || words[0] != ".align" || words[2] != ".b8" {
		return refuse(line, "shared variable %q: want .align n .b8 name[bytes];", s)
	}
	name, size, ok := strings.Cut(strings.TrimSuffix(words[3], "]"), "[")
	bytes, err := strconv.Atoi(size)
	if !ok || err != nil || bytes < 1 || bytes > maxShared {
		return refuse(line, "shared variable %q: want 1 to %d bytes", s, maxShared)
	}
	all[name] = bytes
	return nil
}

func (p *parser) begin(name string) error {
	if name == "" || p.kernels[name] != nil {
		return refuse(p.line, "kernel %q has no name, or is there twice", name)
	}
	p.body = newBody(&Kernel{Name: name}, p.forms, p.shared)
	p.opened = false
	return nil
}

// signature reads what stands between a kernel's name and its brace.
func (p *parser) signature(s string) error {
	words := strings.Fields(strings.TrimSuffix(s, ","))
	switch {
	case s == "{":
		p.opened = true
	case s == ")":
	case len(words) == 3 && words[0] == ".param":
		return p.body.param(p.line, words[1], words[2])
	default:
		return refuse(p.line, "%q is not known in a kernel's signature", s)
	}
	return nil
}

func (p *parser) end() error {
	k, err := p.body.finish(p.line)
	if err != nil {
		return err
	}
	p.kernels[k.Name] = k
	p.body = nil
	return nil
}

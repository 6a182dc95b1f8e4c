package main

import (
	"fmt"
	"strings"
)

// parameter is a parameter or a result.
type parameter struct{ name, kind string }

// all is parameters of one kind.
func all(kind string, names ...string) []parameter {
	var p []parameter
	for _, name := range names {
		p = append(p, parameter{name, kind})
	}
	return p
}

// size is the bytes of a kind, which but for float32 begin at multiples of 8.
func (p parameter) size() int {
	switch {
	case strings.HasPrefix(p.kind, "[]"):
		return 24
	case p.kind == "float32":
		return 4
	}
	return 8
}

// begin opens a function. Parameters and results lie one after the other, results
// from a multiple of 8.
func (f *file) begin(name, doc string, params, results []parameter) {
	f.offsets = map[string]int{}
	end := f.place(0, params)
	if len(results) > 0 {
		end = f.place(aligned(end, 8), results)
	}
	signature := "func " + name + "(" + declared(params) + ")"
	switch {
	case len(results) == 1:
		signature += " " + results[0].kind
	case len(results) > 1:
		signature += " (" + declared(results) + ")"
	}
	fmt.Fprintf(&f.stubs, "\n// %s %s\n//\n//go:noescape\n%s\n", name, doc, signature)
	fmt.Fprintf(&f.code, "\n// %s\nTEXT ·%s(SB), NOSPLIT, $0-%d\n", signature, name, end)
}

// place lays parameters out and returns where they end.
func (f *file) place(offset int, params []parameter) int {
	for _, p := range params {
		offset = aligned(offset, min(p.size(), 8))
		f.offsets[p.name] = offset
		offset += p.size()
	}
	return offset
}

func aligned(offset, to int) int { return (offset + to - 1) / to * to }

func declared(params []parameter) string {
	words := make([]string, len(params))
	for i, p := range params {
		words[i] = p.name + " " + p.kind
	}
	return strings.Join(words, ", ")
}

// arg is where the function's one parameter goes that is a pointer or a number.
const arg gp = 0

// function begins a function of one such parameter.
func (f *file) function(name, doc, param, kind string) {
	f.begin(name, doc, all(kind, param), nil)
	f.op("MOVD", f.param(param), arg)
}

// param is where a parameter or a result lies, base and length those of a slice.
func (f *file) param(name string) string { return f.frame(name, name, 0) }
func (f *file) base(name string) string  { return f.frame(name, name+"_base", 0) }
func (f *file) length(name string) string {
	return f.frame(name, name+"_len", 8)
}

func (f *file) frame(name, part string, more int) string {
	offset, ok := f.offsets[name]
	if !ok {
		panic("no parameter " + name)
	}
	return fmt.Sprintf("%s+%d(FP)", part, offset+more)
}

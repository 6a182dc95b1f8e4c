package ptx

import (
	"strings"
)

// instruction reads one, with its guard if it has one.
func (b *body) instruction(line int, s string) error {
	guard := ""
	if strings.HasPrefix(s, "@") {
		guard, s, _ = strings.Cut(s[1:], " ")
	}
	name, rest, _ := strings.Cut(strings.Replace(strings.TrimSpace(s), "\t", " ", 1), " ")
	operands := split(rest)
	if guard != "" && name != "bra" {
		return refuse(line, "%s under a condition is not known", name)
	}
	switch name {
	case "bra", "bra.uni":
		return b.branch(line, guard, operands)
	case "ret":
		return b.leave(line, ends, name, operands)
	case "bar.sync":
		return b.leave(line, barrier, name, operands, "0")
	}
	if space, ok := memoryForm(name); ok {
		return b.transfer(line, name, space, operands)
	}
	f, ok := b.forms[name]
	if !ok {
		return refuse(line, "instruction %s is not known", name)
	}
	return b.compute(line, name, f, operands)
}

// split cuts operands at commas that are in no braces.
func split(s string) []string {
	var all []string
	depth, from := 0, 0
	for i, c := range s {
		switch c {
		case '{':
			depth++
		case '}':
			depth--
		case ',':
			if depth == 0 {
				all = append(all, strings.TrimSpace(s[from:i]))
				from = i + 1
			}
		}
	}
	if last := strings.TrimSpace(s[from:]); last != "" || len(all) > 0 {
		all = append(all, last)
	}
	return all
}

func (b *body) last() *basic { return &b.kernel.code[len(b.kernel.code)-1] }

func (b *body) branch(line int, guard string, operands []string) error {
	if len(operands) != 1 {
		return refuse(line, "bra has %d operands, want a label", len(operands))
	}
	at := b.last()
	at.line, at.exit = line, jumps
	if guard != "" {
		name, unless := strings.CutPrefix(guard, "!")
		r, err := b.source(line, predicate, name)
		if err != nil {
			return err
		}
		at.exit, at.cond, at.unless = forks, r, unless
	}
	b.jumps = append(b.jumps, jump{line, len(b.kernel.code) - 1, operands[0]})
	b.start()
	return nil
}

// leave ends the basic block in an instruction with fixed operands.
func (b *body) leave(line int, how exit, name string, operands []string, want ...string) error {
	if strings.Join(operands, ",") != strings.Join(want, ",") {
		return refuse(line, "%s with operands %q is not known", name, operands)
	}
	at := b.last()
	at.line, at.exit = line, how
	b.start()
	return nil
}

// compute adds an instruction that works on registers.
func (b *body) compute(line int, name string, f form, operands []string) error {
	if len(operands) != len(f.kinds) {
		return refuse(line, "%s has %d operands, want %d", name, len(operands), len(f.kinds))
	}
	o := op{run: f.run, line: line}
	var err error
	if o.d, err = b.register(line, kind(f.kinds[0]), operands[0]); err != nil {
		return err
	}
	for i, to := range []*int{&o.a, &o.b, &o.c}[:len(operands)-1] {
		if *to, err = b.source(line, kind(f.kinds[1+i]), operands[1+i]); err != nil {
			return err
		}
	}
	b.add(o)
	b.assigns(kind(f.kinds[0]), o.d)
	return nil
}

func (b *body) add(o op) {
	at := b.last()
	at.ops = append(at.ops, o)
}

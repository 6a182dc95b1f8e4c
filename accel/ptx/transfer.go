package ptx

import "strings"

// transfer is a form of load or store.
type transfer struct {
	store bool
	space string // param, global, shared
	n     int    // registers
	kind  kind
}

// memoryForm reads the name of a load or store: ld.global.f32, st.shared.v4.f32.
func memoryForm(name string) (transfer, bool) {
	words := strings.Split(name, ".")
	t := transfer{store: words[0] == "st", n: 1, kind: word}
	if words[0] != "ld" && words[0] != "st" || len(words) < 3 {
		return t, false
	}
	t.space, words = words[1], words[2:]
	if words[0] == "v2" || words[0] == "v4" {
		t.n, words = int(words[0][1]-'0'), words[1:]
	}
	if len(words) != 1 || t.space == "param" && (t.store || t.n > 1) {
		return t, false
	}
	switch words[0] {
	case "f32", "u32":
	case "u64":
		t.kind = long
	case "u8":
		t.kind = half
	default:
		return t, false
	}
	switch t.space {
	case "param":
		return t, t.kind != half
	case "global", "shared":
		return t, t.kind == word || t.kind == half && !t.store && t.n == 1
	}
	return t, false
}

// transfer adds a load or store.
func (b *body) transfer(line int, name string, t transfer, operands []string) error {
	if len(operands) != 2 {
		return refuse(line, "%s has %d operands, want 2", name, len(operands))
	}
	value, place := operands[0], operands[1]
	if t.store {
		value, place = place, value
	}
	inside, ok := strings.CutPrefix(strings.TrimSuffix(place, "]"), "[")
	if !ok {
		return refuse(line, "%s at %q, want [address]", name, place)
	}
	if t.space == "param" {
		return b.loadParam(line, t.kind, value, inside)
	}
	o := op{run: t.exec(), line: line}
	var err error
	if o.list, err = b.values(line, t, value); err != nil {
		return err
	}
	base, offset, _ := strings.Cut(inside, "+")
	if o.a, err = b.source(line, long, base); err != nil {
		return err
	}
	if offset != "" {
		v, ok := b.immediate(long, offset)
		if !ok {
			return refuse(line, "%s at offset %q, want a number", name, offset)
		}
		o.offset = v
	}
	b.add(o)
	for _, r := range o.list {
		if !t.store {
			b.assigns(t.kind, r)
		}
	}
	return nil
}

// exec is what does the transfer.
func (t transfer) exec() exec {
	switch {
	case t.kind == half && t.space == "global":
		return loadGlobalByte
	case t.kind == half:
		return loadSharedByte
	case t.space == "global" && t.store:
		return storeGlobal
	case t.space == "global":
		return loadGlobal
	case t.store:
		return storeShared
	default:
		return loadShared
	}
}

// values are the registers loaded to or stored from: one, or some in braces.
func (b *body) values(line int, t transfer, text string) ([]int, error) {
	all := []string{text}
	if inside, ok := strings.CutPrefix(strings.TrimSuffix(text, "}"), "{"); ok {
		all = split(inside)
	}
	if len(all) != t.n {
		return nil, refuse(line, "%d registers %q, want %d", len(all), text, t.n)
	}
	list := make([]int, len(all))
	for i, name := range all {
		read := b.register
		if t.store {
			read = b.source
		}
		var err error
		if list[i], err = read(line, t.kind, name); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// loadParam is a move: parameters are registers that the launch sets.
func (b *body) loadParam(line int, k kind, value, name string) error {
	i, ok := b.params[name]
	if !ok {
		return refuse(line, "there is no parameter %q", name)
	}
	if b.kernel.Params[i].Bytes != k.bytes() {
		return refuse(line, "parameter %s has %d bytes, not %d", name, b.kernel.Params[i].Bytes, k.bytes())
	}
	d, err := b.register(line, k, value)
	if err != nil {
		return err
	}
	o := op{run: b.forms[map[kind]string{word: "mov.u32", long: "mov.u64"}[k]].run, line: line, d: d, a: b.given(i, k, name)}
	b.add(o)
	b.assigns(k, d)
	return nil
}

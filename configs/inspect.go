package configs

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// inspector looks at the whole document before anything is decoded from it: keys
// given twice, tags, and aliases whose expansion is too large, too deep or has no
// end. What it lets through can be walked without counting again.
type inspector struct {
	report func(n *yaml.Node, path, message, hint string)
	done   map[*yaml.Node]extent // of anchored nodes
	open   map[*yaml.Node]bool
}

// extent is how much a node is once its aliases are expanded; ok is false where
// that is too much or without end, which is reported once.
type extent struct {
	size, height int
	ok           bool
}

// inspect says whether the document may be walked.
func inspect(root *yaml.Node, report func(n *yaml.Node, path, message, hint string)) bool {
	in := inspector{report: report, done: map[*yaml.Node]extent{}, open: map[*yaml.Node]bool{}}
	return in.measure(root, "").ok
}

// measure returns the extent of n. Each anchored node is measured once, so a bomb
// costs no more than its text.
func (in *inspector) measure(n *yaml.Node, path string) extent {
	if n.Kind == yaml.AliasNode {
		return in.measureAlias(n, path)
	}
	if e, done := in.done[n]; done {
		return e
	}
	if n.Style&yaml.TaggedStyle != 0 {
		in.report(n, path, fmt.Sprintf("tag %s is not used in this format", n.Tag), "remove it")
	}
	if n.Anchor != "" {
		in.open[n] = true
		defer delete(in.open, n)
	}
	in.duplicates(n, path)
	e := extent{size: 1, ok: true}
	for i, c := range n.Content {
		child := in.measure(c, childPath(n, i, path))
		e.ok = e.ok && child.ok
		e.size, e.height = min(e.size+child.size, maxNodes+1), max(e.height, child.height)
	}
	e.height++
	switch {
	case !e.ok:
	case e.size > maxNodes:
		in.report(n, path, fmt.Sprintf("more than %d values once aliases are expanded", maxNodes), "")
		e.ok = false
	case e.height > maxDepth:
		in.report(n, path, fmt.Sprintf("nested more than %d deep once aliases are expanded", maxDepth), "")
		e.ok = false
	}
	if n.Anchor != "" {
		in.done[n] = e
	}
	return e
}

func (in *inspector) measureAlias(n *yaml.Node, path string) extent {
	if n.Alias == nil || in.open[n.Alias] {
		in.report(n, path, fmt.Sprintf("alias *%s contains itself", n.Value), "")
		return extent{size: 1, height: 1}
	}
	return in.measure(n.Alias, path)
}

// duplicates reports keys given twice in one mapping.
func (in *inspector) duplicates(n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		return
	}
	first := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			in.report(key, path, "a key must be a word", "")
			continue
		}
		if before, twice := first[key.Value]; twice {
			in.report(key, join(path, key.Value), fmt.Sprintf("given twice, first on line %d", before.Line), "")
			continue
		}
		first[key.Value] = key
	}
}

// childPath names the i-th child of n.
func childPath(n *yaml.Node, i int, path string) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return fmt.Sprintf("%s[%d]", path, i)
	case yaml.MappingNode:
		return join(path, n.Content[i-i%2].Value)
	}
	return path
}

// isMerge says whether a key is YAML's merge key, <<.
func isMerge(key *yaml.Node) bool { return key.Tag == "!!merge" || key.Value == "<<" && key.Style == 0 }

// follow resolves an alias to the node it stands for.
func follow(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// entry is one key and value of a mapping.
type entry struct{ key, value *yaml.Node }

// entries lists a mapping's own keys, then those merged in with <<, where an own
// key wins over a merged one and an earlier merge over a later one.
func entries(n *yaml.Node, bad func(n *yaml.Node)) []entry {
	seen := map[string]bool{}
	var own, merged []entry
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if isMerge(key) {
			merged = append(merged, mergedEntries(value, bad)...)
			continue
		}
		if key.Kind == yaml.ScalarNode && !seen[key.Value] {
			seen[key.Value] = true
			own = append(own, entry{key, value})
		}
	}
	for _, e := range merged {
		if !seen[e.key.Value] {
			seen[e.key.Value] = true
			own = append(own, e)
		}
	}
	return own
}

func mergedEntries(value *yaml.Node, bad func(n *yaml.Node)) []entry {
	from := follow(value)
	switch from.Kind {
	case yaml.MappingNode:
		return entries(from, bad)
	case yaml.SequenceNode:
		var out []entry
		for _, c := range from.Content {
			if follow(c).Kind != yaml.MappingNode {
				bad(c)
				continue
			}
			out = append(out, entries(follow(c), bad)...)
		}
		return out
	}
	bad(value)
	return nil
}

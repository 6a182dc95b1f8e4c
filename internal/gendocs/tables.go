package main

import (
	"fmt"
	"strings"

	"ttad/configs"
)

// configuration is one heading and table a section of the file.
func configuration(sections []configs.Section) string {
	var b strings.Builder
	for _, s := range sections {
		title := "The file"
		if s.Path != "" {
			title = "`" + s.Path + "`"
		}
		fmt.Fprintf(&b, "\n## %s\n\n", title)
		if s.Doc != "" {
			fmt.Fprintf(&b, "%s\n\n", s.Doc)
		}
		b.WriteString(fieldTable(s.Fields))
	}
	return b.String()
}

// strategies is an overview and one section a strategy.
func strategies(all []configs.StrategyDoc) string {
	var b strings.Builder
	b.WriteString("\n| Strategy | In a sentence |\n|---|---|\n")
	for _, s := range all {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", s.Name, s.Name, cell(s.Summary))
	}
	for _, s := range all {
		b.WriteString(strategy(s))
	}
	return b.String()
}

func strategy(s configs.StrategyDoc) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n", s.Name)
	if s.Title != "" {
		fmt.Fprintf(&b, "*%s*\n\n", s.Title)
	}
	fmt.Fprintf(&b, "%s\n", strings.TrimSpace(s.Summary))
	if s.Doc != "" {
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(s.Doc))
	}
	if s.Example != "" {
		fmt.Fprintf(&b, "\n```yaml\nstrategies:\n  - %s\n```\n", strings.ReplaceAll(strings.TrimSpace(s.Example), "\n", "\n    "))
	}
	if len(s.Knobs) > 0 {
		fmt.Fprintf(&b, "\n%s", fieldTable(s.Knobs))
	} else {
		b.WriteString("\nIt has no parameters.\n")
	}
	if s.Citation != "" {
		fmt.Fprintf(&b, "\nSource: %s\n", strings.TrimSpace(s.Citation))
	}
	return b.String()
}

func fieldTable(fields []configs.FieldDoc) string {
	var b strings.Builder
	b.WriteString("| Field | Type | Default | Allowed | A change is | Meaning |\n|---|---|---|---|---|---|\n")
	for _, f := range fields {
		value := code(f.Default)
		if f.Required {
			value = "*required*"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", f.Name, f.Type, value, allowed(f.Bounds), f.Reload, cell(f.Doc))
	}
	return b.String()
}

// allowed sets patterns as code; ranges and words read as text.
func allowed(bounds string) string {
	if strings.HasPrefix(bounds, "^") {
		return code(bounds)
	}
	return cell(bounds)
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + strings.ReplaceAll(s, "|", `\|`) + "`"
}

// cell keeps a text on its table row.
func cell(s string) string {
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
	return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(s)
}

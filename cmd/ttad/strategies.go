package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ttad/configs"
)

func newStrategiesCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "strategies [NAME]",
		Short: "List the adaptation strategies, or explain one and its parameters",
		Example: `  ttad strategies
  ttad strategies alphabn`,
		GroupID: groupLook,
		Args:    usageArgs(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			all := configs.Strategies(a.registry)
			if len(args) == 0 {
				return a.printStrategies(all)
			}
			i := slices.IndexFunc(all, func(s configs.StrategyDoc) bool { return s.Name == args[0] })
			if i < 0 {
				return usageErrorf("strategies: no strategy %q in this build; it has %s", args[0], strings.Join(a.registry.Names(), ", "))
			}
			return a.printStrategy(all[i])
		},
	}
}

func (a *app) printStrategies(all []configs.StrategyDoc) error {
	if a.json {
		return a.printJSON(all)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, s := range all {
		fmt.Fprintf(w, "%s\t%s\n", s.Name, s.Summary)
	}
	return w.Flush()
}

func (a *app) printStrategy(s configs.StrategyDoc) error {
	if a.json {
		return a.printJSON(s)
	}
	p := a.painter(a.stdout)
	title := s.Name
	if s.Title != "" {
		title += ": " + s.Title
	}
	fmt.Fprintf(a.stdout, "%s\n\n%s\n", p.bold(title), wrap(s.Summary, ""))
	if s.Doc != "" {
		fmt.Fprintf(a.stdout, "\n%s\n", strings.TrimSpace(s.Doc))
	}
	if s.Citation != "" {
		fmt.Fprintf(a.stdout, "\n%s\n%s\n", p.bold("Source"), wrap(s.Citation, "  "))
	}
	if s.Example != "" {
		fmt.Fprintf(a.stdout, "\n%s\n  %s\n", p.bold("Example"), strings.ReplaceAll(strings.TrimSpace(s.Example), "\n", "\n  "))
	}
	return printKnobs(a.stdout, p, s.Knobs)
}

// printKnobs prints a table of the parameters, then what each one means.
func printKnobs(out io.Writer, p painter, knobs []configs.FieldDoc) error {
	if len(knobs) == 0 {
		_, err := fmt.Fprintf(out, "\nIt has no parameters.\n")
		return err
	}
	fmt.Fprintf(out, "\n%s\n", p.bold("Parameters"))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  NAME\tTYPE\tDEFAULT\tBOUNDS\tCHANGE IS")
	for _, k := range knobs {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\n", k.Name, k.Type, dash(k.Default), dash(k.Bounds), k.Reload)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, k := range knobs {
		fmt.Fprintf(out, "\n  %s\n%s\n", p.bold(k.Name), wrap(k.Doc, "    "))
		if len(k.Tune) > 0 {
			fmt.Fprintf(out, "%s\n", wrap("'ttad tune' tries "+strings.Join(k.Tune, ", ")+".", "    "))
		}
	}
	return nil
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// wrap breaks text into indented lines of at most 80 columns.
func wrap(text, indent string) string {
	const width = 80
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(indent)+len(line)+1+len(word) > width {
			lines = append(lines, indent+line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, indent+line), "\n")
}

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// document is the file of results: a head, and sections that begin with a heading
// of the second level.
type document struct {
	head     string
	sections []string
}

const sectionMark = "\n## "

// parseDocument cuts a text at its sections.
func parseDocument(text string) *document {
	parts := strings.Split(text, sectionMark)
	d := &document{head: parts[0]}
	for _, p := range parts[1:] {
		d.sections = append(d.sections, sectionMark+p)
	}
	return d
}

// readDocument is the file as it stands, so that measuring one part leaves the
// others; empty where there is none.
func readDocument(path string) (*document, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return &document{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the results so far: %w", err)
	}
	return parseDocument(string(text)), nil
}

// put places the sections of a text where sections of the same headings stand, or
// at the end, each with the day it was measured on.
func (d *document) put(text string, day time.Time) {
	for _, s := range parseDocument(text).sections {
		title, rest, _ := strings.Cut(strings.TrimPrefix(s, sectionMark), "\n")
		s = fmt.Sprintf("%s%s\n\nMeasured on %s.%s", sectionMark, title, day.UTC().Format(time.DateOnly), "\n"+rest)
		at := slices.IndexFunc(d.sections, func(old string) bool { return strings.HasPrefix(old, sectionMark+title+"\n") })
		if at < 0 {
			d.sections = append(d.sections, s)
			continue
		}
		d.sections[at] = s
	}
}

func (d *document) String() string { return d.head + strings.Join(d.sections, "") }

package main

import (
	"fmt"
	"os"
	"strings"
)

const sectionTitle = "Against other engines"

// rewriteDocument replaces the section in a file.
func rewriteDocument(path, section string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the document: %w", err)
	}
	if err := os.WriteFile(path, []byte(replaceSection(string(old), section)), 0o644); err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	return nil
}

// replaceSection puts a section where one of the same heading stands, or at the
// end.
func replaceSection(text, section string) string {
	heading, _, _ := strings.Cut(section, "\n")
	before, rest, found := strings.Cut(text, heading+"\n")
	if !found {
		return strings.TrimRight(text, "\n") + "\n\n" + section
	}
	if next := strings.Index(rest, "\n## "); next >= 0 {
		return before + section + rest[next:]
	}
	return before + section
}

package replay

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// create writes a file through fill.
func create(path string, fill func(w io.Writer) error) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b := bufio.NewWriter(f)
	if err := fill(b); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return b.Flush()
}

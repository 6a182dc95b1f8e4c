package ttatest

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"ttad/tta"
)

// readingsRead: whoever asks for readings gets numbers, each by its own name, about
// classes there are, and changes nothing.
func readingsRead(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	reader, ok := d.s.(tta.Reader)
	if !ok {
		return nil
	}
	before, err := d.snapshot()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, r := range reader.Readings() {
		name := fmt.Sprintf("%s of class %d", r.Name, r.Class)
		switch {
		case r.Name == "" || r.Class < -1 || r.Class >= l.classes:
			return fmt.Errorf("reading %q of %d classes", name, l.classes)
		case seen[name]:
			return fmt.Errorf("two readings %q", name)
		case math.IsNaN(r.Value) || math.IsInf(r.Value, 0):
			return fmt.Errorf("reading %q is %g", name, r.Value)
		}
		seen[name] = true
	}
	after, err := d.snapshot()
	if err != nil {
		return err
	}
	if !bytes.Equal(before, after) {
		return errors.New("reading changed the snapshot")
	}
	return nil
}

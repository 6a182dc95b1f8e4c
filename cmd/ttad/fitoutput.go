package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// writable finds out before hours of work whether a file can be written after it.
func writable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("write %s: it is a folder; name a file in it", path)
	case err == nil:
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		return file.Close()
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".ttad-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// encoder is what a fit makes.
type encoder interface{ Encode() ([]byte, error) }

func save(path string, e encoder) error {
	data, err := e.Encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// drawInto writes a picture into a file.
func drawInto(path string, draw func(io.Writer) error) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return draw(file)
}

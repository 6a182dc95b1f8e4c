package npyfile

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// WriteFloat32 writes data as an npy 1.0 array of shape, C order. It panics when
// data does not fill shape.
func WriteFloat32(w io.Writer, shape []int, data []float32) error {
	if n, err := elements(shape); err != nil || n != len(data) {
		panic(fmt.Sprintf("npyfile: shape %v does not hold %d values", shape, len(data)))
	}
	out := bufio.NewWriterSize(w, 64<<10)
	if _, err := out.Write(headerBytes("<f4", shape)); err != nil {
		return err
	}
	var b [4]byte
	for _, v := range data {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		if _, err := out.Write(b[:]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// WriteInts writes one dimension of whole numbers, 8 bytes each.
func WriteInts(w io.Writer, values []int) error {
	out := bufio.NewWriterSize(w, 64<<10)
	if _, err := out.Write(headerBytes("<i8", []int{len(values)})); err != nil {
		return err
	}
	var b [8]byte
	for _, v := range values {
		binary.LittleEndian.PutUint64(b[:], uint64(v))
		if _, err := out.Write(b[:]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// SaveFloat32 writes an array to a file, which appears whole or not at all.
func SaveFloat32(path string, shape []int, data []float32) error {
	return save(path, func(w io.Writer) error { return WriteFloat32(w, shape, data) })
}

// SaveInts writes one dimension of whole numbers to a file, which appears whole or
// not at all.
func SaveInts(path string, values []int) error {
	return save(path, func(w io.Writer) error { return WriteInts(w, values) })
}

func save(path string, write func(w io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".npy-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// headerBytes is everything before the payload, padded so that the payload starts
// at a multiple of 64 bytes, as NumPy does.
func headerBytes(descr string, shape []int) []byte {
	dims := make([]string, len(shape))
	for i, n := range shape {
		dims[i] = fmt.Sprint(n)
	}
	tuple := strings.Join(dims, ", ")
	if len(shape) == 1 {
		tuple += ","
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, tuple)
	pad := 63 - (len(magic)+4+len(text))%64
	text += strings.Repeat(" ", pad) + "\n"
	b := append([]byte(magic), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...)
}

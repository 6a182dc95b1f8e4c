package npyfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
)

const (
	magic = "\x93NUMPY"
	// maxHeader bounds the dictionary. NumPy itself refuses more than 10,000
	// characters unless told to trust the file.
	maxHeader = 10_000
)

// Decode reads one array that fills b exactly. The result shares b's memory.
func Decode(b []byte) (Array, error) {
	text, payload, err := split(b)
	if err != nil {
		return Array{}, err
	}
	h, err := parseHeader(text)
	if err != nil {
		return Array{}, err
	}
	dtype, err := dtypeOf(h.descr)
	if err != nil {
		return Array{}, err
	}
	// NumPy writes False for arrays that are both; one axis is the same in either order.
	if h.fortran && len(h.shape) > 1 {
		return Array{}, fmt.Errorf("%w: Fortran order; save np.ascontiguousarray(a) instead", ErrFormat)
	}
	return New(dtype, h.shape, payload)
}

// Read reads a file that holds one array.
func Read(path string) (Array, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Array{}, err
	}
	a, err := Decode(b)
	if err != nil {
		return Array{}, fmt.Errorf("read %s: %w", path, err)
	}
	return a, nil
}

// split checks magic, version and header length and cuts b behind the header.
func split(b []byte) (text string, payload []byte, err error) {
	if len(b) < 10 || !bytes.HasPrefix(b, []byte(magic)) {
		return "", nil, fmt.Errorf("%w: it does not start with \\x93NUMPY and a header", ErrFormat)
	}
	start, length := 10, uint64(binary.LittleEndian.Uint16(b[8:]))
	switch major := b[6]; {
	case major == 2 && len(b) >= 12:
		start, length = 12, uint64(binary.LittleEndian.Uint32(b[8:]))
	case major != 1:
		return "", nil, fmt.Errorf("%w: version %d.%d, expected 1.0 or 2.0", ErrFormat, major, b[7])
	}
	if length > maxHeader || length > uint64(len(b)-start) {
		return "", nil, fmt.Errorf("%w: header of %d bytes in a file of %d, at most %d", ErrFormat, length, len(b), maxHeader)
	}
	end := start + int(length)
	return string(b[start:end]), b[end:], nil
}

// dtypeOf translates NumPy's type code.
func dtypeOf(descr string) (string, error) {
	codes := map[string]string{
		"f4": "FP32", "f8": "FP64", "f2": "FP16", "u1": "UINT8", "i1": "INT8", "i4": "INT32", "i8": "INT64",
	}
	if len(descr) < 2 {
		return "", fmt.Errorf("%w: %q", ErrDType, descr)
	}
	order, code := descr[0], descr[1:]
	name, known := codes[code]
	switch {
	case code == "O":
		return "", fmt.Errorf("%w: object arrays hold Python pickles; save with dtype float32", ErrDType)
	case !known:
		return "", fmt.Errorf("%w: %q, expected one of <f4 <f8 <f2 |u1 |i1 <i4 <i8; convert with a.astype('<f4')", ErrDType, descr)
	case Width(name) > 1 && order != '<':
		return "", fmt.Errorf("%w: %q is not little-endian; convert with a.astype('<%s')", ErrDType, descr, code)
	case order != '<' && order != '|' && order != '=' && order != '>':
		return "", fmt.Errorf("%w: %q", ErrDType, descr)
	}
	return name, nil
}

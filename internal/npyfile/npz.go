package npyfile

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
)

// maxMember bounds one array of an archive; an npz is trusted less than its size
// says, since a member may unpack to a thousand times what it takes on disk.
const maxMember = 1 << 30

// ReadZip reads every array of an .npz file, by name.
func ReadZip(path string) (map[string]Array, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer func() { _ = z.Close() }()
	arrays := make(map[string]Array, len(z.File))
	for _, f := range z.File {
		a, err := readMember(f)
		if err != nil {
			return nil, fmt.Errorf("read %s: member %q: %w", path, f.Name, err)
		}
		arrays[strings.TrimSuffix(f.Name, ".npy")] = a
	}
	return arrays, nil
}

func readMember(f *zip.File) (Array, error) {
	r, err := f.Open()
	if err != nil {
		return Array{}, err
	}
	defer func() { _ = r.Close() }()
	b, err := io.ReadAll(io.LimitReader(r, maxMember+1))
	if err != nil {
		return Array{}, err
	}
	if len(b) > maxMember {
		return Array{}, fmt.Errorf("%w: more than %d bytes", ErrSize, maxMember)
	}
	return Decode(b)
}

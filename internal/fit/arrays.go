package fit

import (
	"fmt"
	"strings"

	"ttad/accel"
	"ttad/internal/npyfile"
)

// ReadMatrix reads one array of [rows width] numbers: FILE.npy, or FILE.npz:NAME
// for a member of an archive.
func ReadMatrix(file string) (*accel.Tensor, error) {
	a, err := readArray(file)
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 2 {
		return nil, fmt.Errorf("%s: shape %v, expected [rows width]", file, a.Shape)
	}
	return accel.TensorOf(a.Float32(), a.Shape...), nil
}

// ReadLabels reads class indices, one a row, from files in order.
func ReadLabels(files []string) ([]int, error) {
	var labels []int
	for _, file := range files {
		a, err := readArray(file)
		if err != nil {
			return nil, err
		}
		if len(a.Shape) != 1 {
			return nil, fmt.Errorf("%s: shape %v, expected one class index a row in one dimension", file, a.Shape)
		}
		ints, err := a.Ints()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		labels = append(labels, ints...)
	}
	return labels, nil
}

func readArray(file string) (npyfile.Array, error) {
	path, member, inside := strings.Cut(file, ".npz:")
	if !inside {
		return npyfile.Read(file)
	}
	arrays, err := npyfile.ReadZip(path + ".npz")
	if err != nil {
		return npyfile.Array{}, err
	}
	a, ok := arrays[member]
	if !ok {
		return npyfile.Array{}, fmt.Errorf("%s.npz has no array %q", path, member)
	}
	return a, nil
}

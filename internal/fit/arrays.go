package fit

import (
	"fmt"
	"maps"
	"slices"
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
	path, member, named := strings.Cut(file, ".npz:")
	if !named && !strings.HasSuffix(file, ".npz") {
		return npyfile.Read(file)
	}
	path = strings.TrimSuffix(path, ".npz") + ".npz"
	arrays, err := npyfile.ReadZip(path)
	if err != nil {
		return npyfile.Array{}, err
	}
	a, ok := arrays[member]
	if !ok {
		names := slices.Sorted(maps.Keys(arrays))
		return npyfile.Array{}, fmt.Errorf("%s: no array %q in it; name one of %s, as in %s:NAME", path, member, strings.Join(names, ", "), path)
	}
	return a, nil
}

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ttad/accel"
)

// Size of the images, and what turns a byte into a network input:
// (byte/255 - mean) / std, with the training images' own mean and deviation.
const (
	side      = 28
	pixels    = side * side
	classes   = 10
	pixelMean = 0.2860
	pixelStd  = 0.3530
)

// images is one part of the data set.
type images struct {
	pixels []byte // one image after the other, row-major
	labels []byte
}

// digests are the SHA-256 of the unpacked files, so that both ways of keeping
// them, packed or not, are the same data.
func digests() map[string]string {
	return map[string]string{
		"train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
		"train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
		"t10k-images-idx3-ubyte":  "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
		"t10k-labels-idx1-ubyte":  "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
	}
}

func load(folder, part string) (*images, error) {
	img, err := file(folder, part+"-images-idx3-ubyte")
	if err != nil {
		return nil, err
	}
	labels, err := file(folder, part+"-labels-idx1-ubyte")
	if err != nil {
		return nil, err
	}
	// Headers are 16 and 8 bytes; with the digest right they hold what they must.
	return &images{pixels: img[16:], labels: labels[8:]}, nil
}

// file returns an unpacked file after checking its digest.
func file(folder, name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if errors.Is(err, fs.ErrNotExist) {
		data, err = unpack(filepath.Join(folder, name+".gz"))
	}
	if err != nil {
		return nil, fmt.Errorf("read training data: %w", err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != digests()[name] {
		return nil, fmt.Errorf("read training data: %s has SHA-256 %x, want %s: not the published Fashion-MNIST file", name, sum, digests()[name])
	}
	return data, nil
}

func unpack(path string) ([]byte, error) {
	packed, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	const largest = 64 << 20 // the largest of the four is 47 MB
	data, err := io.ReadAll(io.LimitReader(r, largest))
	if err != nil {
		return nil, fmt.Errorf("unpack %s: %w", path, err)
	}
	return data, nil
}

// batch fills x [rows 1 28 28] and y [rows classes] with the images named by index.
func (s *images) batch(index []int, x, y *accel.Tensor) {
	clear(y.Data)
	for r, i := range index {
		row := x.Row(r)
		for k, b := range s.pixels[i*pixels : (i+1)*pixels] {
			row[k] = (float32(b)/255 - pixelMean) / pixelStd
		}
		y.Row(r)[s.labels[i]] = 1
	}
}

package demo

import (
	"bytes"
	_ "embed"
	"fmt"
	"image"
	"image/png"
	"strings"
)

// Size of the images and of the sheet they are kept on.
const (
	Side    = 28
	Classes = 10

	pixels       = Side * Side
	sheetColumns = 50
	sheetRows    = 40
)

//go:embed data/images.png
var sheet []byte

//go:embed data/labels.txt
var sheetLabels string

//go:embed data/model.onnx
var modelFile []byte

//go:embed data/classes.txt
var classNames string

// Images are labelled grey images, 28x28 bytes each, row-major.
type Images struct {
	Pixels [][]byte
	Labels []int
}

// LoadImages unpacks the bundled images: 2,000 of Fashion-MNIST's test images,
// 200 of each class, none of which the model was trained on.
func LoadImages() (*Images, error) {
	img, err := png.Decode(bytes.NewReader(sheet))
	if err != nil {
		return nil, fmt.Errorf("unpack bundled images: %w", err)
	}
	grey, ok := img.(*image.Gray)
	if want := image.Rect(0, 0, sheetColumns*Side, sheetRows*Side); !ok || grey.Rect != want {
		return nil, fmt.Errorf("unpack bundled images: %T of %v, want grey of %v", img, img.Bounds(), want)
	}
	set := &Images{}
	for i, digit := range strings.Join(strings.Fields(sheetLabels), "") {
		set.Pixels = append(set.Pixels, tile(grey, i%sheetColumns, i/sheetColumns))
		set.Labels = append(set.Labels, int(digit-'0'))
	}
	if len(set.Labels) != sheetColumns*sheetRows {
		return nil, fmt.Errorf("unpack bundled images: %d labels for %d images", len(set.Labels), sheetColumns*sheetRows)
	}
	return set, nil
}

// tile cuts one image out of the sheet.
func tile(sheet *image.Gray, column, row int) []byte {
	out := make([]byte, 0, pixels)
	for y := range Side {
		at := sheet.PixOffset(column*Side, row*Side+y)
		out = append(out, sheet.Pix[at:at+Side]...)
	}
	return out
}

// ClassNames lists what the ten classes show.
func ClassNames() []string { return strings.Split(strings.TrimSpace(classNames), "\n") }

package demo

import (
	"math"
	"math/rand/v2"
)

// Corruption damages an image the way cameras and weather do. Amount is in the
// unit its function says; the zero Corruption leaves images as they are.
type Corruption struct {
	Name   string
	Amount float64
	apply  func(img []float64, amount float64, rng *rand.Rand)
}

// The corruptions. Images are values in [0,1]; what leaves that range is cut off
// when bytes are made again.

// GaussianNoise adds noise of standard deviation amount to every pixel.
func GaussianNoise(amount float64) Corruption {
	return Corruption{"gaussian noise", amount, func(img []float64, amount float64, rng *rand.Rand) {
		for i := range img {
			img[i] += amount * rng.NormFloat64()
		}
	}}
}

// Contrast keeps amount of each pixel's distance from the image's mean.
func Contrast(amount float64) Corruption {
	return Corruption{"low contrast", amount, func(img []float64, amount float64, _ *rand.Rand) {
		m := average(img)
		for i := range img {
			img[i] = m + amount*(img[i]-m)
		}
	}}
}

// Brightness adds amount to every pixel.
func Brightness(amount float64) Corruption {
	return Corruption{"brightness", amount, func(img []float64, amount float64, _ *rand.Rand) {
		for i := range img {
			img[i] += amount
		}
	}}
}

// Blur averages over a Gaussian window of amount pixels standard deviation.
func Blur(amount float64) Corruption {
	return Corruption{"blur", amount, func(img []float64, amount float64, _ *rand.Rand) {
		window := gaussianWindow(amount)
		blurAlong(img, window, 1, Side)
		blurAlong(img, window, Side, 1)
	}}
}

// Fog lays a cloudy veil of strength amount over the image: the share of each
// pixel that is veil, on average.
func Fog(amount float64) Corruption {
	return Corruption{"fog", amount, func(img []float64, amount float64, rng *rand.Rand) {
		veil := clouds(rng)
		for i := range img {
			share := min(1, amount*(0.6+0.8*veil[i]))
			img[i] = img[i]*(1-share) + share*(0.55+0.45*veil[i])
		}
	}}
}

// Apply writes the damaged copy of src, 28x28 bytes, to dst.
func (c Corruption) Apply(dst, src []byte, rng *rand.Rand) {
	if c.apply == nil {
		copy(dst, src)
		return
	}
	img := make([]float64, len(src))
	for i, b := range src {
		img[i] = float64(b) / 255
	}
	c.apply(img, c.Amount, rng)
	for i, v := range img {
		dst[i] = byte(math.Round(255 * min(max(v, 0), 1)))
	}
}

func average(img []float64) float64 {
	var sum float64
	for _, v := range img {
		sum += v
	}
	return sum / float64(len(img))
}

// gaussianWindow holds weights for offsets -r..r, r being three deviations.
func gaussianWindow(deviation float64) []float64 {
	r := int(math.Ceil(3 * deviation))
	window := make([]float64, 2*r+1)
	for i := range window {
		d := float64(i-r) / deviation
		window[i] = math.Exp(-d * d / 2)
	}
	return window
}

// blurAlong averages lines of pixels step apart; the lines begin across apart.
// Beyond the border there is nothing, so the weights inside are made to sum to 1.
func blurAlong(img, window []float64, step, across int) {
	r := len(window) / 2
	var line [Side]float64
	for start := range Side {
		for i := range Side {
			var sum, weight float64
			for k := max(0, i-r); k <= min(Side-1, i+r); k++ {
				w := window[k-i+r]
				sum += w * img[start*across+k*step]
				weight += w
			}
			line[i] = sum / weight
		}
		for i, v := range line {
			img[start*across+i*step] = v
		}
	}
}

// clouds is a smooth random field in [0,1]: coarse and finer grids of random
// heights, each half as strong as the one before, interpolated between.
func clouds(rng *rand.Rand) []float64 {
	field := make([]float64, pixels)
	strength, total := 1.0, 0.0
	for _, cells := range []int{2, 4, 8} {
		grid := make([]float64, (cells+1)*(cells+1))
		for i := range grid {
			grid[i] = rng.Float64()
		}
		for i := range field {
			x, y := float64(i%Side)/Side*float64(cells), float64(i/Side)/Side*float64(cells)
			field[i] += strength * between(grid, cells+1, x, y)
		}
		total += strength
		strength /= 2
	}
	for i := range field {
		field[i] /= total
	}
	return field
}

// between interpolates a grid bilinearly.
func between(grid []float64, width int, x, y float64) float64 {
	i, j := int(x), int(y)
	fx, fy := x-float64(i), y-float64(j)
	top := grid[j*width+i]*(1-fx) + grid[j*width+i+1]*fx
	bottom := grid[(j+1)*width+i]*(1-fx) + grid[(j+1)*width+i+1]*fx
	return top*(1-fy) + bottom*fy
}

package demo_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/internal/demo"
)

func ramp() []byte {
	img := make([]byte, demo.Side*demo.Side)
	for i := range img {
		img[i] = byte(i * 255 / len(img))
	}
	return img
}

func spread(img []byte) (mean, deviation float64) {
	for _, b := range img {
		mean += float64(b) / float64(len(img))
	}
	for _, b := range img {
		deviation += (float64(b) - mean) * (float64(b) - mean) / float64(len(img))
	}
	return mean, deviation
}

func TestCorruptionsDoWhatTheySay(t *testing.T) {
	clean := ramp()
	mean, variance := spread(clean)
	for _, tc := range []struct {
		corruption demo.Corruption
		check      func(t *testing.T, img []byte)
	}{
		{demo.Corruption{}, func(t *testing.T, img []byte) { assert.Equal(t, clean, img) }},
		{demo.Contrast(0.5), func(t *testing.T, img []byte) {
			m, v := spread(img)
			assert.InDelta(t, mean, m, 1, "the mean stays")
			assert.InDelta(t, variance/4, v, variance*0.01, "half the deviation is a quarter of the variance")
		}},
		{demo.Brightness(0.2), func(t *testing.T, img []byte) {
			assert.EqualValues(t, clean[100]+51, img[100])
			assert.EqualValues(t, 255, img[len(img)-1], "what is too bright is cut off")
		}},
		{demo.GaussianNoise(0.1), func(t *testing.T, img []byte) {
			_, v := spread(img)
			assert.Greater(t, v, variance)
			assert.NotEqual(t, clean, img)
		}},
		{demo.Fog(0.6), func(t *testing.T, img []byte) {
			m, v := spread(img)
			assert.Greater(t, m, mean, "fog is bright")
			assert.Less(t, v, variance, "and hides differences")
		}},
	} {
		t.Run(tc.corruption.Name, func(t *testing.T) {
			img := make([]byte, len(clean))
			tc.corruption.Apply(img, clean, rand.New(rand.NewPCG(1, 2)))
			tc.check(t, img)
		})
	}
}

func TestBlurSpreadsAPointAndKeepsAnEvenImage(t *testing.T) {
	at := func(x, y int) int { return y*demo.Side + x }
	point, even := make([]byte, demo.Side*demo.Side), make([]byte, demo.Side*demo.Side)
	point[at(14, 14)] = 255
	for i := range even {
		even[i] = 90
	}
	img := make([]byte, len(point))
	demo.Blur(1).Apply(img, point, nil)
	assert.EqualValues(t, 41, img[at(14, 14)], "1/(2 pi) of 255")
	assert.Equal(t, img[at(13, 14)], img[at(14, 15)], "the same in all directions")
	assert.Less(t, img[at(12, 14)], img[at(13, 14)])
	demo.Blur(2).Apply(img, even, nil)
	assert.Equal(t, even, img, "borders included")
}

func TestTheSameSeedDamagesAlike(t *testing.T) {
	for _, c := range []demo.Corruption{demo.GaussianNoise(0.2), demo.Fog(0.5)} {
		a, b := ramp(), ramp()
		c.Apply(a, ramp(), rand.New(rand.NewPCG(7, 7)))
		c.Apply(b, ramp(), rand.New(rand.NewPCG(7, 7)))
		assert.Equal(t, a, b, c.Name)
	}
}

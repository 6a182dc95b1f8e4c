package cpu

import "ttad/accel"

// depthwiseStep is a convolution whose groups have one input channel each:
// there is nothing to share between outputs, so it skips the packing.
type depthwiseStep struct {
	geometry
	x, y    accel.ValueID
	weights []float32 // [outputs][taps]
	bias    []float32
	tail    []tailing
}

func (s *depthwiseStep) needs(int) needs {
	if !s.bordered {
		return needs{}
	}
	return needs{worker: s.imageFloats()}
}

func (s *depthwiseStep) run(f *frame) error {
	images := len(f.data[s.x]) / (s.channels * s.height * s.width)
	f.parallel(s, images, len(f.data[s.y])*s.depth())
	return nil
}

// task computes one image.
func (s *depthwiseStep) task(f *frame, worker, i int) {
	size := s.channels * s.height * s.width
	image := s.border(f.data[s.x][i*size:(i+1)*size], f.scratch[worker])
	y, n := f.data[s.y], s.positions()
	for m := range s.outputs {
		plane := image[m/s.outPerGroup*s.planeRows*s.planeCols:]
		out := y[(i*s.outputs+m)*n:][:n]
		w := s.weights[m*s.depth():][:s.depth()]
		for r := range s.oh {
			s.line(out[r*s.ow:(r+1)*s.ow], plane[r*s.stride[0]*s.planeCols:], w, s.bias[m])
		}
	}
	f.finish(s.tail, y, i*s.outputs*n, (i+1)*s.outputs*n)
}

// line computes one row of outputs, four at a time.
func (s *depthwiseStep) line(y, x, w []float32, bias float32) {
	step := s.stride[1]
	i := 0
	for ; i+4 <= len(y); i += 4 {
		s0, s1, s2, s3 := bias, bias, bias, bias
		for t, o := range s.offsets {
			v, k := x[o+i*step:][:3*step+1], w[t]
			s0 += k * v[0]
			s1 += k * v[step]
			s2 += k * v[2*step]
			s3 += k * v[3*step]
		}
		y[i], y[i+1], y[i+2], y[i+3] = s0, s1, s2, s3
	}
	for ; i < len(y); i++ {
		sum := bias
		for t, o := range s.offsets {
			sum += w[t] * x[o+i*step]
		}
		y[i] = sum
	}
}

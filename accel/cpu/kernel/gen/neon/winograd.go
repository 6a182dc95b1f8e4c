package main

import "math"

// winograd writes one of the two transforms of F(4x4,3x3); package kernel says
// what they compute. A value is a register: one pixel or point of four channels.
type winograd struct {
	registers
	factors vec // what transforms multiply by, a lane each
}

// Lanes of factors.
const (
	two = iota
	four
	five
	eight
)

// Registers of both transforms.
const (
	points gp = 1 // of the tile at hand
	stride gp = 2 // bytes between points
	cols   gp = 3 // columns of the output to go
	walk   gp = 4 // goes over the points
)

// The extents of a tile.
const (
	tilePixels = 4
	tileReach  = 6
)

func newWinograd(f *file, name, does string) *winograd {
	f.function(name, does, "tiles", "*Tiles")
	w := &winograd{registers: registers{file: f}}
	w.op("MOVD", "Tiles_Points(R0)", points)
	w.op("MOVD", "Tiles_Cols(R0)", cols)
	w.bytes("Stride", stride)
	w.factors = w.take()
	w.constants(w.factors, 2, 4, 5, 8)
	return w
}

// bytes loads a step that counts floats.
func (w *winograd) bytes(field string, r gp) {
	w.op("MOVD", "Tiles_"+field+"(R0)", r)
	w.op("LSL", "$2", r, r)
}

// overTiles writes the loop over tiles. The pointers go on to the next tile's pixels.
func (w *winograd) overTiles(body func(), pixels ...gp) {
	w.label("tile")
	w.op("MOVD", points, walk)
	body()
	for _, r := range pixels {
		w.op("ADD", imm(tilePixels*lineBytes), r)
	}
	w.op("ADD", imm(lineBytes), points)
	w.op("SUBS", imm(tilePixels), cols, cols)
	w.op("BGT", "tile")
	w.op("RET")
}

// plus and minus are a with b times a factor added or taken away.
func (w *winograd) plus(a vec, factor int, b vec) vec {
	y := w.copyOf(a)
	w.fmlaLane(y, b, w.factors, factor)
	return y
}

func (w *winograd) minus(a vec, factor int, b vec) vec {
	y := w.copyOf(a)
	w.fmlsLane(y, b, w.factors, factor)
	return y
}

// constants sets the lanes of a register.
func (w *winograd) constants(v vec, lanes ...float32) {
	for i := 0; i < len(lanes); i += 2 {
		bits := uint64(math.Float32bits(lanes[i+1]))<<32 | uint64(math.Float32bits(lanes[i]))
		w.op("MOVD", hex(bits), scratch)
		w.op("VMOV", scratch, element(v, "D", i/2))
	}
}

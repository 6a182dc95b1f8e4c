package npyfile_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sbinet/npyio/npy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/npyfile"
	"ttad/internal/testkit"
)

// file builds an npy 1.0 file around a dictionary, right or wrong.
func file(dict string, payload ...byte) []byte {
	b := append([]byte("\x93NUMPY"), 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	return append(append(b, dict...), payload...)
}

func TestDecodeReadsEveryType(t *testing.T) {
	tests := []struct {
		descr   string
		payload []byte
		dtype   string
		want    []float32
	}{
		{"<f4", []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0}, "FP32", []float32{1, -2}},
		{"<f8", []byte{0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0xc0}, "FP64", []float32{1, -2}},
		{"<f2", []byte{0x00, 0x3c, 0x00, 0xc0}, "FP16", []float32{1, -2}},
		{"|u1", []byte{1, 255}, "UINT8", []float32{1, 255}},
		{"|i1", []byte{1, 254}, "INT8", []float32{1, -2}},
		{"<i4", []byte{1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}, "INT32", []float32{1, -2}},
		{"<i8", []byte{1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, "INT64", []float32{1, -2}},
	}
	for _, tt := range tests {
		t.Run(tt.dtype, func(t *testing.T) {
			a, err := npyfile.Decode(file("{'descr': '"+tt.descr+"', 'fortran_order': False, 'shape': (2,), }\n", tt.payload...))
			require.NoError(t, err)
			assert.Equal(t, tt.dtype, a.DType)
			assert.Equal(t, []int{2}, a.Shape)
			assert.Equal(t, tt.want, a.Float32())
			assert.Equal(t, tt.want, a.AppendFloat32(nil))
		})
	}
}

func TestDecodeRefusesWithTheWayOut(t *testing.T) {
	good := "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
	one := []byte{0, 0, 0x80, 0x3f}
	tests := []struct {
		name string
		in   []byte
		is   error
		says string
	}{
		{"nothing", nil, npyfile.ErrFormat, "x93NUMPY"},
		{"text", []byte("a,b,c\n1,2,3\n"), npyfile.ErrFormat, "x93NUMPY"},
		{"magic only", []byte("\x93NUMPY\x01\x00"), npyfile.ErrFormat, "header"},
		{"version 3", []byte("\x93NUMPY\x03\x00\x01\x00\x00\x00"), npyfile.ErrFormat, "version 3.0"},
		{"header longer than the file", []byte("\x93NUMPY\x01\x00\xff\x20{"), npyfile.ErrFormat, "header of 8447 bytes"},
		{"header of four gigabytes", []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"), npyfile.ErrFormat, "header of 4294967295 bytes"},
		{"object array", file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"), npyfile.ErrDType, "object"},
		{"structured array", file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }"), npyfile.ErrDType, "structured"},
		{"complex", file("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }"), npyfile.ErrDType, "astype('<f4')"},
		{"big-endian", file("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", one...), npyfile.ErrDType, "astype('<f4')"},
		{"Fortran order", file("{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1), }", one...), npyfile.ErrFormat, "ascontiguousarray"},
		{"truncated payload", file(good, one[:3]...), npyfile.ErrSize, "got 3 bytes"},
		{"bytes behind the payload", file(good, append(one, 0)...), npyfile.ErrSize, "got 5 bytes"},
		{"shape beyond memory", file("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"), npyfile.ErrFormat, "too large"},
		{"extent beyond int", file("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }"), npyfile.ErrFormat, "header"},
		{"negative extent", file("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }"), npyfile.ErrFormat, "header"},
		{"key twice", file("{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }", one...), npyfile.ErrFormat, "twice"},
		{"key missing", file("{'descr': '<f4', 'shape': (1,), }", one...), npyfile.ErrFormat, "fortran_order"},
		{"unknown key", file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", one...), npyfile.ErrFormat, "header"},
		{"something behind the dictionary", file(good+"}", one...), npyfile.ErrFormat, "header"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := npyfile.Decode(tt.in)
			require.ErrorIs(t, err, tt.is)
			assert.ErrorContains(t, err, tt.says)
		})
	}
}

func TestDecodeTakesKeysInAnyOrderAndVersionTwo(t *testing.T) {
	dict := "{ \"shape\":(),'fortran_order':False,'descr':'|u1'}"
	b := append([]byte("\x93NUMPY"), 2, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(dict)))
	a, err := npyfile.Decode(append(append(b, dict...), 7))
	require.NoError(t, err)
	assert.Empty(t, a.Shape)
	assert.Equal(t, []float32{7}, a.Float32())
}

func TestFloat32SharesAlignedBytes(t *testing.T) {
	raw := make([]byte, 8)
	a, err := npyfile.New("FP32", []int{2}, raw)
	require.NoError(t, err)
	values := a.Float32()
	values[1] = 1
	assert.Equal(t, []byte{0, 0, 0x80, 0x3f}, raw[4:], "no copy was made")

	odd := append([]byte{9}, raw...)[1:]
	b, err := npyfile.New("FP32", []int{2}, odd)
	require.NoError(t, err)
	assert.Equal(t, []float32{0, 1}, b.Float32(), "bytes that are not aligned are copied")
}

func TestIntegers(t *testing.T) {
	a, err := npyfile.New("INT64", []int{1}, binary.LittleEndian.AppendUint64(nil, uint64(1<<40)))
	require.NoError(t, err)
	ints, err := a.Ints()
	require.NoError(t, err)
	assert.Equal(t, []int{1 << 40}, ints)

	f, err := npyfile.New("FP32", []int{1}, make([]byte, 4))
	require.NoError(t, err)
	_, err = f.Ints()
	assert.ErrorIs(t, err, npyfile.ErrDType)
}

func TestHalfPrecisionIsExact(t *testing.T) {
	for bits, want := range map[uint16]float64{
		0x0000: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: math.Ldexp(1, -14),
		0x0001: math.Ldexp(1, -24), 0x03ff: math.Ldexp(1023, -24), 0x3555: 0.333251953125,
		0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		assert.Equal(t, want, float64(npyfile.HalfToFloat32(bits)), "%#04x", bits)
	}
	assert.True(t, math.IsNaN(float64(npyfile.HalfToFloat32(0x7e00))))
	assert.True(t, math.Signbit(float64(npyfile.HalfToFloat32(0x8000))), "minus zero")
}

func TestWhatIsWrittenIsReadByOthers(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, npyfile.WriteFloat32(&b, []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}))
	assert.Zero(t, (b.Len()-24)%64, "the payload is aligned as NumPy aligns it")

	var got []float32
	r, err := npy.NewReader(bytes.NewReader(b.Bytes()))
	require.NoError(t, err)
	require.NoError(t, r.Read(&got))
	assert.Equal(t, []int{2, 3}, r.Header.Descr.Shape)
	assert.Equal(t, []float32{1, 2, 3, 4, 5, 6}, got)

	b.Reset()
	require.NoError(t, npyfile.WriteInts(&b, []int{1, -1, 1 << 40}))
	var ints []int64
	require.NoError(t, npy.Read(bytes.NewReader(b.Bytes()), &ints))
	assert.Equal(t, []int64{1, -1, 1 << 40}, ints)
}

func TestWhatOthersWriteIsRead(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, npy.Write(&b, []int32{1, -2, 3}))
	a, err := npyfile.Decode(b.Bytes())
	require.NoError(t, err)
	ints, err := a.Ints()
	require.NoError(t, err)
	assert.Equal(t, []int{1, -2, 3}, ints)
}

func TestSaveAppearsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	require.NoError(t, npyfile.SaveFloat32(path, []int{1, 2}, []float32{3, 4}))
	a, err := npyfile.Read(path)
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, a.Shape)
	assert.Equal(t, []float32{3, 4}, a.Float32())

	require.NoError(t, npyfile.SaveInts(path, []int{7, -1}))
	a, err = npyfile.Read(path)
	require.NoError(t, err)
	ints, err := a.Ints()
	require.NoError(t, err)
	assert.Equal(t, []int{7, -1}, ints, "in place of what was there")

	assert.Error(t, npyfile.SaveFloat32(filepath.Join(t.TempDir(), "no", "x.npy"), []int{0}, nil))
	_, err = npyfile.Read(filepath.Join(t.TempDir(), "absent.npy"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestRealFilesOfNumPy(t *testing.T) {
	a, err := npyfile.Read(testkit.Shared(t, "data", "cifar10c", "clean.npy"))
	require.NoError(t, err)
	assert.Equal(t, []int{2000, 32, 32, 3}, a.Shape)
	assert.Equal(t, "UINT8", a.DType)

	z, err := npyfile.ReadZip(testkit.Shared(t, "data", "models", "golden_resnet20.npz"))
	require.NoError(t, err)
	require.NotEmpty(t, z)
	for name := range z {
		assert.False(t, strings.HasSuffix(name, ".npy"), name)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(file("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", 0, 0, 0x80, 0x3f))
	f.Add(file("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n"))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := npyfile.Decode(b)
		if err != nil {
			return
		}
		n := 1
		for _, e := range a.Shape {
			n *= e
		}
		if n != a.Len() || len(a.Float32()) != n || len(a.AppendFloat32(nil)) != n {
			t.Fatalf("shape %v, %d values, %d floats", a.Shape, a.Len(), len(a.Float32()))
		}
	})
}

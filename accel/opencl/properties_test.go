package opencl

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
)

// card is a device without fault.
func card() properties {
	return properties{
		name: "Card", driver: "1.0", version: "OpenCL 1.2 Vendor's words", kind: typeGPU,
		memory: 8 << 30, local: 48 << 10, items: 1024, floats: floatsNotNumbers | floatsExact,
		available: true, compiler: true, littleEndian: true,
	}
}

func TestADeviceIsRefusedWithTheReason(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(p *properties)
		says   string
	}{
		{"an old version", func(p *properties) { p.version = "OpenCL 1.1 CUDA" }, `its version is "OpenCL 1.1 CUDA", OpenCL 1.2 is needed`},
		{"no version", func(p *properties) { p.version = "1.2" }, `its version is "1.2"`},
		{"not available", func(p *properties) { p.available = false }, "another process may have it"},
		{"no compiler", func(p *properties) { p.compiler = false }, "no compiler"},
		{"the embedded profile", func(p *properties) { p.embedded = true }, "not exact enough"},
		{"big-endian", func(p *properties) { p.littleEndian = false }, "little-endian is needed"},
		{"no infinities", func(p *properties) { p.floats = floatsExact }, "no infinities and NaNs"},
		{"small groups", func(p *properties) { p.items = 128 }, "at most 128 items, kernels need 256"},
		{"little local memory", func(p *properties) { p.local = 8 << 10 }, "8192 bytes, kernels need 16384"},
		{"little memory", func(p *properties) { p.memory = 32 << 20 }, "32 MiB, at least 64 MiB"},
		{"a processor", func(p *properties) { p.kind = typeProcessor }, "ttad's own engine is faster"},
		{"an old processor", func(p *properties) { p.kind, p.version = typeProcessor, "OpenCL 1.0" }, "OpenCL 1.2 is needed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := card()
			require.NoError(t, p.refuse(Config{}))
			tt.change(&p)
			require.ErrorContains(t, p.refuse(Config{}), tt.says)
		})
	}
	p := card()
	p.kind = typeProcessor
	require.NoError(t, p.refuse(Config{AllowProcessors: true}))
	p.version = "OpenCL 3.0 PoCL"
	require.NoError(t, p.refuse(Config{AllowProcessors: true}), "a later version")
}

func TestDevicesThatCanBeUsedComeFirst(t *testing.T) {
	device := func(name, kind string, refused error) entry {
		return entry{Found: accel.Found{Info: accel.Info{Name: name, Type: kind}, Refused: refused}}
	}
	for _, processor := range []error{nil, errProcessor} {
		var names []string
		for i, e := range inOrder([]entry{
			device("processor", "cpu", processor), device("old card", "gpu", errors.New("too old")),
			device("board", "accelerator", nil), device("card", "gpu", nil), device("second card", "gpu", nil),
		}) {
			assert.Equal(t, i, e.Info.Index)
			names = append(names, e.Info.Name)
		}
		assert.Equal(t, []string{"card", "second card", "board", "processor", "old card"}, names)
	}
}

func TestADeviceIsDescribed(t *testing.T) {
	assert.Equal(t, accel.Info{
		Kind: "opencl", Name: "Card", Driver: "Platform 1.0", Version: "OpenCL 1.2", Type: "gpu", Memory: 8 << 30,
	}, card().info("Platform"))
	for kind, name := range map[uint64]string{typeGPU: "gpu", typeAccelerator: "accelerator", typeProcessor: "cpu", 1 << 4: ""} {
		assert.Equal(t, name, properties{kind: kind}.typeName())
	}
}

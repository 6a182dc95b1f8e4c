package configs

import (
	"fmt"
	"slices"
	"time"
)

// DeviceConfig picks a device.
type DeviceConfig struct {
	Prefer  []string      `yaml:"prefer" doc:"Kinds in order of preference: models run on the first that is here and works, and on the CPU where it lacks an operator or fails. Without cpu in the list there is no start without one of the others. OpenCL on a processor is for testing and is taken only where opencl is named first." enum:"cuda,opencl,cpu" reload:"cold"`
	Index   int           `yaml:"index" doc:"Which device of its kind, as 'ttad devices' numbers them." range:"[0,63]" reload:"cold"`
	Auto    bool          `yaml:"auto" doc:"Measure both at the start and answer batches of few rows on the CPU where it is faster. False: every batch goes to the device, for the same bits from start to start." reload:"cold"`
	Canary  time.Duration `yaml:"canary" doc:"How often a device other than the CPU answers known rows again, which takes it out of service where it errs; 0s is only at the start." range:"[0s,720h]" reload:"cold"`
	Threads int           `yaml:"threads" doc:"CPU workers; 0 is all the process may use." range:"[0,4096]" reload:"cold"`
	CPU     CPUConfig     `yaml:"cpu" doc:"The processor as a device." reload:"cold"`
	CUDA    CUDAConfig    `yaml:"cuda" doc:"An NVIDIA card as a device." reload:"cold"`
}

// CPUConfig shapes how the processor computes.
type CPUConfig struct {
	ISA      string `yaml:"isa" doc:"The most its kernels may use; generic is plain Go. For comparing and for finding faults: auto is the fastest. What the processor lacks is refused at the start." enum:"auto,avx512,avx2,neon,generic" reload:"cold"`
	Winograd string `yaml:"winograd" doc:"Winograd's algorithm for 3x3 convolutions. auto takes it where it is faster, two to three times; its relative error is about 1e-6 rather than 2e-7, and a NaN spoils up to 8x8 pixels around it. off is for comparing." enum:"auto,off" reload:"cold"`
}

// CUDAConfig shapes how a card computes.
type CUDAConfig struct {
	CUBLAS string `yaml:"cublas" doc:"NVIDIA's library of products, from its toolkit. auto takes it for plain matrix products where libcublas is found; the last bits of a row may then depend on how many rows are in its batch. off: ttad's own kernels." enum:"auto,off" reload:"cold"`
}

// DefaultDevice takes what is fastest of what is here.
func DefaultDevice() DeviceConfig {
	return DeviceConfig{
		Prefer: []string{"cuda", "opencl", "cpu"}, Auto: true, Canary: time.Hour,
		CPU: CPUConfig{ISA: "auto", Winograd: "auto"}, CUDA: CUDAConfig{CUBLAS: "off"},
	}
}

// Check of the device section: its list of kinds.
func (d DeviceConfig) Check(report func(path, message string)) {
	if len(d.Prefer) == 0 {
		report("prefer", "names no kind of device; cpu is always there")
	}
	for i, kind := range d.Prefer {
		if before := slices.Index(d.Prefer, kind); before < i {
			report(fmt.Sprintf("prefer[%d]", i), fmt.Sprintf("%q is prefer[%d] already", kind, before))
		}
	}
}

package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/kernels"
)

// Options of cuModuleLoadDataEx, as CUjit_option numbers them, and the size of each
// of the two logs.
const (
	optionInfoLog   = 3
	optionInfoSize  = 4
	optionErrorLog  = 5
	optionErrorSize = 6
	logBytes        = 16 << 10
)

// attributeThreads is the most threads of a block, of CUfunction_attribute.
const attributeThreads = 0

// load gives the kernels' PTX to the driver and looks every kernel up.
func (d *driver) load(c Config, log zerolog.Logger) error {
	all, err := kernels.All()
	if err != nil {
		return err
	}
	said, err := d.compile(kernels.PTX())
	if err != nil {
		return d.refused(err, text(said.fault))
	}
	d.functions = make(map[string]uintptr, len(all))
	for name, k := range all {
		if d.functions[name], err = d.function(k); err != nil {
			return fmt.Errorf("kernel %s: %w", name, d.refused(err, text(said.fault)))
		}
	}
	if info := text(said.info); info != "" {
		log.Debug().Str("device", d.card.info.Name).Str("log", info).Msg("driver compiled the kernels")
	}
	d.blas = openBLAS(d.lib, c, all[multiplier], log)
	return nil
}

// compilerLogs are what the driver's compiler wrote.
type compilerLogs struct{ info, fault []byte }

// compile has the driver compile PTX. A driver that is lazy does so only when a kernel
// is looked up, so what it was given stays pinned as long as the context is there.
func (d *driver) compile(ptx string) (said compilerLogs, err error) {
	l := d.lib
	image := pinned(&l.pin, len(ptx)+1) // ends in a zero byte
	copy(image, ptx)
	said = compilerLogs{pinned(&l.pin, logBytes), pinned(&l.pin, logBytes)}
	options := words32(pinned(&l.pin, 16))
	copy(options, []uint32{optionInfoLog, optionInfoSize, optionErrorLog, optionErrorSize})
	values := words64(pinned(&l.pin, 32))
	copy(values, []uint64{uint64(address(said.info)), logBytes, uint64(address(said.fault)), logBytes})
	d.module, err = l.handle("cuModuleLoadDataEx", l.moduleLoad,
		address(image), uintptr(len(options)), pointer(&options[0]), pointer(&values[0]))
	return said, err
}

// complaint finds a line number in the log of the driver's compiler.
var complaint = regexp.MustCompile(`line (\d+)`)

// refused is the error of a module, with the compiler's log if it wrote one.
func (d *driver) refused(err error, said string) error {
	var e *Error
	if errors.As(err, &e) && e.Code == codeNoCompiler {
		return fmt.Errorf("the driver's compiler, libnvidia-ptxjitcompiler.so.1, is not here (a container needs NVIDIA_DRIVER_CAPABILITIES=compute,utility): %w", err)
	}
	if said == "" {
		return err
	}
	b := &accel.BuildError{Device: d.card.info.Name, What: "PTX", Log: said}
	if m := complaint.FindStringSubmatch(said); m != nil {
		b.Line = "kernels.ptx:" + m[1]
	}
	return fmt.Errorf("%w (%w)", b, err)
}

// function looks a kernel up and sees to it that the card can hold a group of it.
func (d *driver) function(k *kernels.Kernel) (uintptr, error) {
	l := d.lib
	var pin runtime.Pinner
	defer pin.Unpin()
	name := pinned(&pin, len(k.Name)+1)
	copy(name, k.Name)
	f, err := l.handle("cuModuleGetFunction", l.moduleFunction, d.module, address(name))
	if err != nil {
		return 0, err
	}
	most, err := l.number("cuFuncGetAttribute", l.functionAttr, attributeThreads, f)
	if items := k.Local[0] * k.Local[1] * k.Local[2]; err == nil && most < items {
		err = fmt.Errorf("%w: groups of %d, this card holds %d at a time", accel.ErrUnsupported, items, most)
	}
	return f, err
}

// text is a log up to its zero byte.
func text(log []byte) string {
	said, _, _ := bytes.Cut(log, []byte{0})
	return strings.TrimSpace(string(said))
}

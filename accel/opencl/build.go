package opencl

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unsafe"

	"ttad/accel"
)

// options of the compiler. None relaxes the arithmetic: sums and polynomials depend
// on the order they are written in.
func (d *driver) options() string {
	if d.limits.Exact {
		return "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt"
	}
	return "-cl-std=CL1.2"
}

// build has the driver compile kernels. It waits until that is done.
func (d *driver) build(source string) (uintptr, error) {
	text, length := []byte(source), []uintptr{uintptr(len(source))}
	lines := []unsafe.Pointer{unsafe.Pointer(&text[0])}
	program, err := create("create program", d.createProgram, d.context, 1, uintptr(unsafe.Pointer(&lines[0])), uintptr(unsafe.Pointer(&length[0])))
	if err != nil {
		return 0, err
	}
	options := append([]byte(d.options()), 0)
	devices := []uintptr{d.device}
	code := d.buildProgram.Call(program, 1, uintptr(unsafe.Pointer(&devices[0])), uintptr(unsafe.Pointer(&options[0])), 0, 0)
	err = check("build kernels", code)
	if err == nil {
		return program, nil
	}
	log := d.log(program)
	d.releaseProgram.Call(program)
	if errors.Is(err, accel.ErrOutOfMemory) || errors.Is(err, accel.ErrLost) {
		return 0, err
	}
	return 0, &accel.BuildError{
		Device: d.info.Name, What: "OpenCL C", Line: complaint(log, source), Log: fmt.Sprintf("%v\n%s", err, log),
	}
}

// log is what the compiler wrote.
func (d *driver) log(program uintptr) string {
	var size uintptr
	d.getProgramBuildInfo.Call(program, d.device, programLog, 0, 0, uintptr(unsafe.Pointer(&size)))
	if size == 0 {
		return "the driver's compiler says nothing"
	}
	b := make([]byte, min(size, 1<<20))
	if err := check("read log", d.getProgramBuildInfo.Call(program, d.device, programLog, uintptr(len(b)), uintptr(unsafe.Pointer(&b[0])), 0)); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(strings.TrimRight(string(b), "\x00"))
}

// place matches how compilers name a line of our source, which says itself in which
// file it is.
var place = regexp.MustCompile(`(\w+\.cl)[:(](\d+)`)

// complaint is the first line of the source a log names, as file:number: text.
func complaint(log, source string) string {
	m := place.FindStringSubmatch(log)
	if m == nil {
		return ""
	}
	number, err := strconv.Atoi(m[2])
	if err != nil {
		return ""
	}
	return strings.TrimSpace(m[1] + ":" + m[2] + ": " + sourceLine(source, m[1], number))
}

// sourceLine finds a line by its #line directives; empty if there is none.
func sourceLine(source, file string, number int) string {
	_, rest, ok := strings.Cut(source, "#line 1 "+strconv.Quote(file)+"\n")
	if !ok {
		return ""
	}
	for line := range strings.Lines(rest) {
		if strings.HasPrefix(line, "#line ") {
			break
		}
		if number--; number == 0 {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

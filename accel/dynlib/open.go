//go:build (linux || darwin) && (amd64 || arm64) && !noaccel

package dynlib

import (
	"runtime"

	"github.com/ebitengine/purego"
)

// Built says whether this binary can open libraries at all.
const Built = true

// Call calls the function and returns its result, whose upper half means nothing if
// it is an int. Go memory whose address is taken within the arguments stays where it
// is during the call. Given a slice that is there already, Call(args...), it does not
// allocate; whatever such arguments point to must not be on a goroutine's stack.
//
//go:uintptrescapes
func (f Func) Call(args ...uintptr) uintptr {
	result, _, _ := purego.SyscallN(uintptr(f), args...)
	return result
}

// open stays on its thread, for the loader's message is asked for in a second call and
// is that of the thread's last one.
func open(name string) (uintptr, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func symbol(library uintptr, name string) (uintptr, error) { return purego.Dlsym(library, name) }

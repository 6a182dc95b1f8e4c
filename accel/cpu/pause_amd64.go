//go:build amd64 && !purego

package cpu

// pause tells the processor that it is in a loop that waits for another one.
func pause()

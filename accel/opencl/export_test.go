package opencl

// OpenSource opens a device with kernels of a test's own.
var OpenSource = openSource

// Package shaky is a device for tests of whoever must live with one: the processor
// under another name, which can be told to fail, to lack operators or memory, and to
// work only while somebody waits, as one that works on its own may.
//
// It proves nothing about devices; see package accel/acceltest for that.
package shaky

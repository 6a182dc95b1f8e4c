// Package npyfile reads NumPy's .npy arrays (format 1.0 and 2.0) that come from
// outside, and writes float32 and whole-number ones. Nothing is allocated on the
// word of a header: the payload is checked against shape and type first, and
// decoded arrays share the bytes they were read from.
//
// The header is parsed here rather than by github.com/sbinet/npyio, whose reader
// allocates whatever header length a file claims, slices the dictionary at
// positions it did not check, and stops at two dimensions. The tests hold the two
// together on files both can read.
//
// It is not a general NumPy reader: structured, complex, boolean, string and
// object arrays, Fortran order and big-endian values are refused with the NumPy
// call that makes the array readable.
//
// Format: NumPy Enhancement Proposal 1, "A Simple File Format for NumPy Arrays".
package npyfile

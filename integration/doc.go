// Package integration holds tests of the whole daemon: configurations as users
// write them, real NATS servers in this process, a tiny ONNX model, and clients
// that know nothing but the wire. What a single room promises is tested there; here
// is what must hold across rooms, above all that every input is answered once.
package integration

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rogpeppe/go-internal/testscript"

	"ttad/internal/npyfile"
	"ttad/internal/testkit/tinymodel"
	"ttad/stream"
)

// fixtures puts into a script's folder what no script can write as text: the tiny
// model, a folded one, twelve rows with their labels, the logits of a model that is
// right about all of them, and an order.
func fixtures(env *testscript.Env) error {
	const rows = 12
	x := &bytes.Buffer{}
	if err := npyfile.WriteFloat32(x, tinymodel.Shape(rows), tinymodel.Rows(rows)); err != nil {
		return err
	}
	flat := &bytes.Buffer{}
	if err := npyfile.WriteFloat32(flat, []int{rows, tinymodel.RowSize}, tinymodel.Rows(rows)); err != nil {
		return err
	}
	right, logits := &bytes.Buffer{}, make([]float32, rows*3)
	for i := range rows {
		logits[i*3+i%3] = 4
	}
	if err := npyfile.WriteFloat32(right, []int{rows, 3}, logits); err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"tiny.onnx": tinymodel.Bytes(), "folded.onnx": tinymodel.FoldedBytes(), "corrupt.onnx": tinymodel.Bytes()[:200],
		"x.npy": x.Bytes(), "flat.npy": flat.Bytes(), "right.npy": right.Bytes(),
		"y.npy": int64NPY(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2), "short.npy": int64NPY(0, 1, 2), "wrong.npy": int64NPY(0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 7),
		"order.npy": int64NPY(11, 0, 3, 7), "beyond.npy": int64NPY(0, 12),
	} {
		if err := os.WriteFile(filepath.Join(env.WorkDir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// int64NPY is the file NumPy writes for a list of whole numbers.
func int64NPY(values ...int64) []byte {
	head := fmt.Sprintf("{'descr': '<i8', 'fortran_order': False, 'shape': (%d,), }", len(values))
	head += string(bytes.Repeat([]byte(" "), 63-(10+len(head))%64)) + "\n"
	b := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(head)))
	b = append(b, head...)
	for _, v := range values {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}

// server runs a NATS server for the rest of the script and sets NATS_URL: "server".
func server(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: server")
	}
	s, err := stream.StartEmbedded(stream.EmbeddedConfig{StoreDir: ts.MkAbs("server")})
	ts.Check(err)
	ts.Defer(s.Stop)
	ts.Setenv("NATS_URL", s.URL())
}

// sigterm asks every program in the background to stop: "sigterm".
func sigterm(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: sigterm")
	}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}

// send publishes rows of the tiny model, one a message, once a stream stores the
// subject: "send tta.g.in.cam 5".
func send(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: send SUBJECT COUNT")
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	withClient(ts, func(nc *nats.Conn) {
		for i := range n {
			body := &bytes.Buffer{}
			ts.Check(npyfile.WriteFloat32(body, tinymodel.Shape(1), tinymodel.Row(i)))
			msg := &nats.Msg{Subject: args[0], Header: nats.Header{"Content-Type": {"application/x-npy"}}, Data: body.Bytes()}
			eventually(ts, "a stream stores "+args[0], func() bool {
				_, err := nc.RequestMsg(msg, 5*time.Second)
				return err == nil
			})
		}
	})
}

// answered waits until a stream holds that many messages: "answered TTAD_g 5".
func answered(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: answered STREAM COUNT")
	}
	want, err := strconv.ParseUint(args[1], 10, 64)
	ts.Check(err)
	withClient(ts, func(nc *nats.Conn) {
		js, err := nc.JetStream()
		ts.Check(err)
		eventually(ts, args[1]+" answers in "+args[0], func() bool {
			info, err := js.StreamInfo(args[0], &nats.StreamInfoRequest{SubjectsFilter: "tta.*.out.>"})
			if err != nil {
				return false
			}
			stored := uint64(0)
			for _, n := range info.State.Subjects {
				stored += n
			}
			return stored >= want
		})
	})
}

func withClient(ts *testscript.TestScript, use func(nc *nats.Conn)) {
	nc, err := nats.Connect(ts.Getenv("NATS_URL"))
	ts.Check(err)
	defer nc.Close()
	use(nc)
}

func eventually(ts *testscript.TestScript, what string, condition func() bool) {
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			ts.Fatalf("waited 30s for: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

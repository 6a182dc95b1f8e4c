package ttatest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"

	"go.uber.org/goleak"

	"ttad/tta"
)

// restoreContinues: a new strategy with the snapshot answers and learns as the
// one it was taken from.
func restoreContinues(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	if _, ok := d.s.(tta.Stateful); !ok {
		return nil
	}
	blob, err := d.snapshot()
	if err != nil {
		return err
	}
	e, err := l.driver("main")
	if err != nil {
		return err
	}
	if err := e.s.(tta.Stateful).Restore(blob); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	e.inherit(d)
	if err := sameAnswer("restored", d, e); err != nil {
		return err
	}
	for _, each := range []*driver{d, e} {
		if err := each.train(history(8)[6:]); err != nil {
			return err
		}
	}
	return sameState("restored and trained on", d, e)
}

// sameState compares snapshots and answers.
func sameState(what string, d, e *driver) error {
	a, err := d.snapshot()
	if err != nil {
		return err
	}
	b, err := e.snapshot()
	if err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return fmt.Errorf("%s: snapshots differ", what)
	}
	return sameAnswer(what, d, e)
}

// rubbishChangesNothing: what is no snapshot is refused and leaves the state.
func rubbishChangesNothing(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	s, ok := d.s.(tta.Stateful)
	if !ok {
		return nil
	}
	good, err := s.Snapshot()
	if err != nil {
		return err
	}
	for name, blob := range rubbish(good) {
		if err := s.Restore(blob); err == nil {
			return fmt.Errorf("%s of %d bytes was restored", name, len(blob))
		}
		if after, err := s.Snapshot(); err != nil || !bytes.Equal(good, after) {
			return fmt.Errorf("%s was refused but changed the state", name)
		}
	}
	return nil
}

func rubbish(good []byte) map[string][]byte {
	r := rand.New(rand.NewPCG(31, 37))
	noise := make([]byte, len(good)+1)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	spoilt := bytes.Clone(good)
	for i := range min(len(spoilt), 16) {
		spoilt[i] ^= 0xff
	}
	tail := bytes.Clone(good)
	for i := max(len(tail)-8, 0); i < len(tail); i++ {
		tail[i] = 0xff
	}
	return map[string][]byte{
		"nothing": nil, "noise": noise, "noise of the right size": noise[:len(good)], "half a snapshot": good[:len(good)/2],
		"a snapshot and more": append(bytes.Clone(good), 0), "a spoilt head": spoilt, "a spoilt tail": tail,
	}
}

// resetEqualsNew: after a reset nothing of the past is left.
func resetEqualsNew(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	s, ok := d.s.(tta.Stateful)
	if !ok {
		return nil
	}
	s.Reset()
	d.forget()
	fresh, err := l.driver("main")
	if err != nil {
		return err
	}
	if err := sameState("reset against new", d, fresh); err != nil {
		return err
	}
	for _, each := range []*driver{d, fresh} {
		if err := each.train(history(3)); err != nil {
			return err
		}
	}
	return sameState("reset and trained against new and trained", d, fresh)
}

// stateIsBounded: a long stream does not grow the snapshot past the limit.
func stateIsBounded(l *lab) error {
	d, err := l.driver("main")
	if err != nil {
		return err
	}
	if _, ok := d.s.(tta.Stateful); !ok {
		return nil
	}
	if err := d.train(history(400)); err != nil {
		return err
	}
	blob, err := d.snapshot()
	if err != nil {
		return err
	}
	if len(blob) == 0 {
		return errors.New("the snapshot is empty")
	}
	if len(blob) > l.stateBytes {
		return fmt.Errorf("snapshot of %d bytes after 400 batches, the limit is %d", len(blob), l.stateBytes)
	}
	return nil
}

// noGoroutineLeft: whatever a strategy starts has ended when its call returns.
func noGoroutineLeft(l *lab) error {
	running := goleak.IgnoreCurrent()
	if _, err := l.trained(); err != nil {
		return err
	}
	return goleak.Find(running)
}

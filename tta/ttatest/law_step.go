package ttatest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"ttad/tta"
)

// stepReads: a step that is not settled leaves no trace, in the snapshot or in
// later answers.
func stepReads(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	before, err := d.snapshot()
	if err != nil {
		return err
	}
	first, err := d.step(probe(12))
	if err != nil {
		return err
	}
	if _, err := d.step(probe(9)); err != nil {
		return err
	}
	again, err := d.step(probe(12))
	if err != nil {
		return err
	}
	if diff := first.differs(again); diff != "" {
		return fmt.Errorf("the same batch again gives %s", diff)
	}
	after, err := d.snapshot()
	if err != nil {
		return err
	}
	if !bytes.Equal(before, after) {
		return errors.New("a step changed the snapshot")
	}
	return nil
}

// noHiddenState: a strategy without a snapshot answers as newly built after any
// past.
func noHiddenState(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	if _, ok := d.s.(tta.Stateful); ok {
		return nil
	}
	fresh, err := l.driver("main")
	if err != nil {
		return err
	}
	return sameAnswer("without state, trained against new", d, fresh)
}

// outputReadOnly: no stage writes to the output or the batch.
func outputReadOnly(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	b := probe(12)
	b.Given, err = d.m.Forward(nopContext(), b, sourceOverlay(), allKept())
	if err != nil {
		return err
	}
	seen := memory(b, b.Given)
	copies := make([][]uint32, len(seen))
	for i, m := range seen {
		copies[i] = bits(m)
	}
	if _, err := d.both(b); err != nil {
		return err
	}
	for i, m := range seen {
		if !slices.Equal(copies[i], bits(m)) {
			return fmt.Errorf("part %d of the inputs, logits, features, moments was written to", i)
		}
	}
	return nil
}

// outputNotKept: overwriting an output after Update changes nothing later.
func outputNotKept(l *lab) error {
	d, err := l.driver("main")
	if err != nil {
		return err
	}
	tidy, err := l.trained()
	if err != nil {
		return err
	}
	for _, b := range history(6) {
		a, err := d.both(b)
		if err != nil {
			return err
		}
		for _, m := range append(memory(b, a.out), a.probs.Data) {
			for i := range m {
				m[i] = float32(math.NaN())
			}
		}
	}
	return sameAnswer("memory reused after Update against kept", d, tidy)
}

// keysNameContent: whatever two overlays hold, equal keys mean equal rules, and
// the empty key means none.
func keysNameContent(l *lab) error {
	seen := map[string]any{}
	for _, pipeline := range []string{"main", "other"} {
		d, err := l.driver(pipeline)
		if err != nil {
			return err
		}
		batches := history(6)
		if pipeline == "other" {
			slices.Reverse(batches) // another past, the same step numbers
			for i, b := range batches {
				b.Step = uint64(i + 1)
			}
		}
		for _, b := range batches {
			a, err := d.both(b)
			if err != nil {
				return err
			}
			if err := remember(seen, a); err != nil {
				return fmt.Errorf("pipeline %s, step %d: %w", pipeline, b.Step, err)
			}
		}
	}
	return nil
}

func remember(seen map[string]any, a answer) error {
	if a.key == "" && a.rules != nil {
		return errors.New("an overlay with content has no key")
	}
	if other, ok := seen[a.key]; ok && !reflect.DeepEqual(other, a.rules) {
		return fmt.Errorf("key %q stands for %v and for %v", a.key, other, a.rules)
	}
	seen[a.key] = a.rules
	return nil
}

// sameSeedSameBits: two new strategies on the same past answer alike.
func sameSeedSameBits(l *lab) error {
	d, err := l.trained()
	if err != nil {
		return err
	}
	e, err := l.trained()
	if err != nil {
		return err
	}
	return sameAnswer("same seed and past", d, e)
}

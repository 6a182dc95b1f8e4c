package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"ttad/accel/cpu"
)

// batch does a task once. Its answers are good until the next call.
type batch func(context.Context) (answers []float32, err error)

// opener makes ready for a task and hands its batch to use.
type opener func(t task, device cpu.Config, use func(batch) error) error

// openerOf says what an engine of ours does for a task.
func openerOf(engine string, t task) (opener, error) {
	switch {
	case engine == fmaLoop:
		return openPeak, nil
	case t.Kind == forwards || t.Kind == products:
		return openForward, nil
	case t.Kind == adjusts:
		return openLAME, nil
	case t.Kind == replays && t.Mode == bare:
		return openBare, nil
	case t.Kind == replays:
		return openReplay, nil
	}
	return nil, fmt.Errorf("worker: a task of kind %q, which nobody knows", t.Kind)
}

// deviceOf is what an engine of ours computes with.
func deviceOf(engine, isa string, threads int) cpu.Config {
	c := cpu.Config{Threads: threads, ISA: isa, Winograd: "auto"}
	if engine == ttadDirect {
		c.Winograd = "off"
	}
	return c
}

// work is one of our own engines' processes; args name it and hold the task.
func work(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	if len(args) != 3 {
		return fmt.Errorf("worker: %d arguments, want an engine, its instructions and the task as JSON", len(args))
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return fmt.Errorf("worker: greet: %w", err)
	}
	name, t := args[0], task{}
	if err := json.Unmarshal([]byte(args[2]), &t); err != nil {
		return fmt.Errorf("worker: read the task: %w", err)
	}
	open, err := openerOf(name, t)
	if err != nil {
		return err
	}
	return open(t, deviceOf(name, args[1], t.Threads), func(b batch) error {
		first, err := b(ctx)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(greeting{Engine: name, Answers: sample(first)}); err != nil {
			return fmt.Errorf("worker: greet: %w", err)
		}
		return serve(in, out, func() error { _, err := b(ctx); return err })
	})
}

// sample is what a greeting tells of the answers.
func sample(answers []float32) []float32 {
	var out []float32
	for i := 0; i < len(answers); i += len(answers)/mostAnswers | 1 {
		out = append(out, answers[i])
	}
	return out
}

// serve answers every line, a number of batches, with the seconds they took.
func serve(in io.Reader, out io.Writer, batch func() error) error {
	for lines := bufio.NewScanner(in); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			return fmt.Errorf("worker: %q, want a number of batches", lines.Text())
		}
		start := time.Now()
		for range n {
			if err := batch(); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintln(out, time.Since(start).Seconds()); err != nil {
			return fmt.Errorf("worker: answer: %w", err)
		}
	}
	return nil
}

// onDevice opens a device for use and closes it.
func onDevice(c cpu.Config, use func(*cpu.Device) error) (err error) {
	d, err := cpu.New(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return use(d)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/accel/cuda"
	"ttad/accel/launch"
)

// checker runs checks one after the other and keeps what they saw.
type checker struct {
	options
	progress io.Writer
	facts    cuda.Facts
	report   report
}

// newChecker looks the card over. With an error there still is a checker, for its report.
func newChecker(o options, progress io.Writer) (*checker, error) {
	c := &checker{options: o, progress: progress}
	c.report = newReport(listed(o.card))
	driver, err := c.driver()
	if err != nil {
		return c, err
	}
	gauge, ok := driver.(cuda.Gauge)
	if !ok {
		return c, errors.Join(fmt.Errorf("driver %T tells no facts", driver), driver.Close())
	}
	c.facts, err = gauge.Facts()
	c.report.facts = c.facts
	return c, errors.Join(err, driver.Close())
}

// listed is what the driver says of a card without opening it.
func listed(card cuda.Config) accel.Info {
	found, err := cuda.Discover(card)
	if err != nil || card.Index < 0 || card.Index >= len(found) {
		return accel.Info{Name: "a card that the driver does not list"}
	}
	return found[card.Index].Info
}

// check is a thing to look at: it returns what it saw, in a few words.
type check struct {
	name string
	run  func(ctx context.Context) (saw string, err error)
}

// checkAll runs everything, whatever fails before.
func (c *checker) checkAll(ctx context.Context) error {
	for _, k := range c.checks() {
		if ctx.Err() != nil {
			return c.save()
		}
		fmt.Fprintf(c.progress, "%s …", k.name)
		begin := time.Now()
		saw, err := k.run(ctx)
		v := verdict{name: k.name, saw: saw, err: err, took: time.Since(begin)}
		fmt.Fprintf(c.progress, " %s (%.1f s)\n", v.word(), v.took.Seconds())
		if err := c.keep(v); err != nil {
			return err
		}
	}
	return nil
}

// keep adds to the report, which is written anew each time: a process does not survive
// everything a card can do to it.
func (c *checker) keep(v verdict) error {
	c.report.verdicts = append(c.report.verdicts, v)
	return c.save()
}

func (c *checker) save() error { return os.WriteFile(c.out, c.report.markdown(), 0o644) }

func (c *checker) checks() []check {
	list := []check{}
	if c.suites {
		list = append(list, c.suiteChecks()...)
	}
	for _, n := range c.load.parity {
		list = append(list, check{"same answers as the processor: " + n.name, func(ctx context.Context) (string, error) { return c.parity(ctx, n) }})
	}
	return append(list,
		check{fmt.Sprintf("same bits %d times", c.load.repeats), c.repeat},
		check{fmt.Sprintf("open and close %d times", c.load.reopens), c.reopen},
		check{"more memory than there is", c.exhaust},
		check{"speed", c.speed},
		check{"a kernel that writes where it must not", c.astray}, // last: the process may be of no use to CUDA afterwards
	)
}

func (c *checker) driver() (launch.Driver, error) {
	return cuda.OpenDriver(c.card, zerolog.Nop())
}

func (c *checker) device() (accel.Device, error) { return cuda.Open(c.card, zerolog.Nop()) }

// processor is the engine that answers are compared with.
func (c *checker) processor() (accel.Device, error) { return cpu.New(cpu.Config{}) }

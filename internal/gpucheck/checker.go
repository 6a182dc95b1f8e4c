package main

import (
	"context"
	"fmt"
	"io"
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

// newChecker looks the card over.
func newChecker(o options, progress io.Writer) (*checker, error) {
	c := &checker{options: o, progress: progress}
	driver, err := c.driver()
	if err != nil {
		return nil, err
	}
	gauge, ok := driver.(cuda.Gauge)
	if !ok {
		return nil, fmt.Errorf("driver %T tells no facts", driver)
	}
	if c.facts, err = gauge.Facts(); err != nil {
		return nil, err
	}
	c.report = newReport(driver.Info(), c.facts)
	return c, driver.Close()
}

// check is a thing to look at: it returns what it saw, in a few words.
type check struct {
	name string
	run  func(ctx context.Context) (saw string, err error)
}

// checkAll runs everything, whatever fails before.
func (c *checker) checkAll(ctx context.Context) {
	for _, k := range c.checks() {
		if ctx.Err() != nil {
			return
		}
		fmt.Fprintf(c.progress, "%s …", k.name)
		begin := time.Now()
		saw, err := k.run(ctx)
		v := verdict{name: k.name, saw: saw, err: err, took: time.Since(begin)}
		fmt.Fprintf(c.progress, " %s (%.1f s)\n", v.word(), v.took.Seconds())
		c.report.verdicts = append(c.report.verdicts, v)
	}
}

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
		check{"a kernel that writes where it must not", c.astray},
		check{"speed", c.speed},
	)
}

func (c *checker) driver() (launch.Driver, error) {
	return cuda.OpenDriver(c.card, zerolog.Nop())
}

func (c *checker) device() (accel.Device, error) { return cuda.Open(c.card, zerolog.Nop()) }

// processor is the engine that answers are compared with.
func (c *checker) processor() (accel.Device, error) { return cpu.New(cpu.Config{}) }

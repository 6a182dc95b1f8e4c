package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
)

// processorKind is the kind of the device that is always there.
const processorKind = "cpu"

// OpenDevices opens the first of the preferred kinds that is here and passes a
// self-test, and behind it, always, the processor: it takes what the other lacks, and
// over when the other fails. A kind that is not here is an ordinary answer, one that
// does not work a warning, and the next is tried; where cpu is not among the
// preferred, none at all is an error.
func OpenDevices(cfg configs.DeviceConfig, log zerolog.Logger) ([]accel.Device, error) {
	return openDevices(cfg, log, openAccelerator)
}

// opening opens a device of a kind.
type opening func(kind string, cfg configs.DeviceConfig, log zerolog.Logger) (accel.Device, error)

func openDevices(cfg configs.DeviceConfig, log zerolog.Logger, open opening) ([]accel.Device, error) {
	processor, err := cpu.New(cpu.Config{Threads: cfg.Threads, ISA: cfg.CPU.ISA, Winograd: cfg.CPU.Winograd})
	if err != nil {
		return nil, fmt.Errorf("open device %s: %w", processorKind, err)
	}
	var devices []accel.Device
	var refusals []error
	for _, kind := range cfg.Prefer {
		if kind == processorKind {
			break
		}
		d, err := openTested(kind, cfg, log, open, processor)
		if err == nil {
			devices = append(devices, d)
			break
		}
		refusals = append(refusals, fmt.Errorf("%s: %w", kind, err))
		level, key := zerolog.WarnLevel, zerolog.ErrorFieldName
		if errors.Is(err, accel.ErrNoDevice) {
			level, key = zerolog.InfoLevel, "why" // no error: most machines have none
		}
		log.WithLevel(level).Str("device", kind).AnErr(key, err).Msg("device not used")
	}
	if len(devices) == 0 && !slices.Contains(cfg.Prefer, processorKind) {
		return nil, errors.Join(unavailable(cfg, refusals), processor.Close())
	}
	devices = append(devices, processor)
	for _, d := range devices {
		tellOpen(d.Info(), log)
	}
	return devices, nil
}

// unavailable is the error of a start that insists on kinds none of which can be used.
func unavailable(cfg configs.DeviceConfig, refusals []error) error {
	return fmt.Errorf("open device: none of device.prefer %v can be used; run 'ttad devices' for what is here, or add cpu to the list: %w",
		cfg.Prefer, errors.Join(refusals...))
}

// openTested opens a device and has it compute what the processor knows.
func openTested(kind string, cfg configs.DeviceConfig, log zerolog.Logger, open opening, processor accel.Device) (accel.Device, error) {
	d, err := open(kind, cfg, log)
	if err != nil {
		return nil, err
	}
	if err := selfTest(context.Background(), d, processor); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not pass the self-test: %w", d.Info().Name, err), d.Close())
	}
	return d, nil
}

// tellOpen logs what a device is.
func tellOpen(info accel.Info, log zerolog.Logger) {
	if info.Threads > 0 {
		log.Info().Str("device", info.Kind).Str("name", info.Name).Int("threads", info.Threads).Msg("device open")
		return
	}
	log.Info().Str("device", info.Kind).Int("index", info.Index).Str("name", info.Name).Str("type", info.Type).
		Int64("memory_bytes", info.Memory).Str("driver", info.Driver).Str("version", info.Version).Msg("device open")
	if info.Type == processorKind {
		log.Warn().Str("device", info.Kind).Str("name", info.Name).
			Msg("this device is a processor, which is for testing: kind cpu of device.prefer is many times faster on it")
	}
}

// isaOf is what the first device that is a processor computes with, which
// strategies then do, too; empty where none is.
func isaOf(devices []accel.Device) string {
	for _, d := range devices {
		if isa := d.Info().ISA; isa != "" {
			return isa
		}
	}
	return ""
}

// CloseDevices closes all of them.
func CloseDevices(devices []accel.Device) error {
	var errs []error
	for _, d := range devices {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}

package daemon

import (
	"errors"
	"fmt"

	"github.com/rs/zerolog"

	"ttad/accel"
	"ttad/accel/cpu"
	"ttad/configs"
)

// OpenDevices opens the first device of each preferred kind, in order. A kind
// that is not on this machine is an ordinary answer; none at all is an error.
func OpenDevices(cfg configs.DeviceConfig, log zerolog.Logger) ([]accel.Device, error) {
	var devices []accel.Device
	for _, kind := range cfg.Prefer {
		d, err := openDevice(kind, cfg)
		if errors.Is(err, accel.ErrNoDevice) {
			log.Info().Str("device", kind).Err(err).Msg("device not here")
			continue
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open device %s: %w", kind, err), CloseDevices(devices))
		}
		info := d.Info()
		log.Info().Str("device", info.Kind).Str("name", info.Name).Int("threads", info.Threads).Msg("device open")
		devices = append(devices, d)
	}
	if len(devices) == 0 {
		return nil, fmt.Errorf("open device: none of %v is on this machine: %w", cfg.Prefer, accel.ErrNoDevice)
	}
	return devices, nil
}

// openDevice is the one list of device kinds.
func openDevice(kind string, cfg configs.DeviceConfig) (accel.Device, error) {
	switch kind {
	case "cpu":
		return cpu.New(cpu.Config{Threads: cfg.Threads, ISA: cfg.CPU.ISA, Winograd: cfg.CPU.Winograd})
	default:
		return nil, fmt.Errorf("kind %q: %w", kind, accel.ErrNoDevice)
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

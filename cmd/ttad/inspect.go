package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/stream"
)

// inspection is a check that goes further than reading a valid configuration: it
// adds what it finds. Its error ends the command with the code it carries.
type inspection func(ctx context.Context, f *configs.File, r *checked) error

// inspectModels loads every model that is there and builds the pipelines on it, so
// that a mistake does not wait for a start. It does so on the CPU: a file is checked on
// other machines than the one it is for.
func (a *app) inspectModels(_ context.Context, f *configs.File, r *checked) (err error) {
	device := f.Device
	device.Prefer = []string{"cpu"}
	devices, err := daemon.OpenDevices(device, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, daemon.CloseDevices(devices)) }()
	o := daemon.GroupOptions{Dir: filepath.Dir(r.File), Devices: devices, Registry: a.registry, Log: zerolog.Nop()}
	for _, name := range slices.Sorted(maps.Keys(f.Groups)) {
		in := daemon.Inspect(name, f.Groups[name], o)
		for _, p := range in.Problems {
			r.found(f, "groups."+name+"."+p.Path, p.Message)
		}
		if !in.Absent && len(in.Problems) == 0 {
			r.Groups = append(r.Groups, in)
		}
	}
	return nil
}

// inspectServer looks for what the groups need on the NATS server.
func (a *app) inspectServer(ctx context.Context, f *configs.File, r *checked) error {
	lacks, err := daemon.Look(ctx, f, filepath.Dir(r.File))
	if errors.Is(err, stream.ErrUnreachable) {
		return withCode(exitUnreachable, err)
	}
	if err != nil {
		r.found(f, "bus", err.Error())
	}
	for _, l := range lacks {
		r.found(f, "groups."+l.Group, l.Err.Error())
	}
	return nil
}

// found adds a mistake at the place its field has in the file.
func (r *checked) found(f *configs.File, path, message string) {
	o := f.Origin(path)
	r.Errors = append(r.Errors, configs.Error{File: r.File, Line: o.Line, Col: o.Col, Path: path, Message: message})
}

// costText tells what a batch of a group costs.
func costText(in *daemon.Inspection) string {
	if in.Forwards == 0 {
		return fmt.Sprintf("group %s: no forwards here, another server runs the model", in.Group)
	}
	return fmt.Sprintf("group %s: %s a batch: %s", in.Group, count(in.Forwards, "forward"), strings.Join(in.Overlays, ", "))
}

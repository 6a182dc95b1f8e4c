package daemon

import (
	"fmt"
	"slices"
	"strings"

	"ttad/configs"
	"ttad/stream"
	"ttad/tta"
)

// ReloadError refuses a configuration that needs a restart, field by field.
type ReloadError struct{ Cold []configs.Change }

// Error names the fields.
func (e *ReloadError) Error() string {
	paths := make([]string, len(e.Cold))
	for i, c := range e.Cold {
		paths[i] = c.Path
	}
	return "reload refused, nothing changed: restart to change " + strings.Join(paths, ", ")
}

// swap is a group's new pipelines, waiting for the engine to come between two
// batches.
type swap struct {
	pipelines  *tta.Group
	config     configs.Group
	generation uint64
}

// Reload puts a new configuration in force: every group's pipelines are built
// anew beside the old ones, reading the files they name again, and take over
// between two batches, keeping the state of strategies that are still at their
// place. When anything is wrong, or a field or the contents of a model's file
// changed that need a restart (*ReloadError), nothing changes at all.
//
// It may be called from any goroutine. The changes it returns are in force from
// the next batch on.
func (d *Daemon) Reload(cfg *configs.File) (changes []configs.Change, err error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	defer func() { d.tellReload(changes, err) }()
	changes = configs.Diff(d.config, cfg)
	cold := slices.DeleteFunc(slices.Clone(changes), func(c configs.Change) bool { return c.Class != configs.Cold })
	next, err := d.prepare(cfg, cold)
	if err != nil {
		return nil, err
	}
	for i, e := range d.engines {
		e.group.drop(e.next.Swap(next[i]))
	}
	d.config, d.generation = cfg, d.generation+1
	d.metrics.generation.Set(float64(d.generation))
	return changes, nil
}

// prepare makes every engine's next pipelines, or says why the configuration is
// refused and keeps nothing.
func (d *Daemon) prepare(cfg *configs.File, cold []configs.Change) (next []*swap, err error) {
	if len(cold) > 0 {
		return nil, &ReloadError{Cold: cold}
	}
	next, cold, err = d.rebuild(cfg)
	switch {
	case err != nil:
		err = fmt.Errorf("reload refused, nothing changed: %w", err)
	case len(cold) > 0:
		err = &ReloadError{Cold: cold}
	default:
		return next, nil
	}
	for i, s := range next {
		d.engines[i].group.drop(s)
	}
	return nil, err
}

// drop frees pipelines that never came to answer.
func (g *Group) drop(s *swap) {
	if s != nil {
		g.Retire(s.pipelines)
	}
}

// rebuild makes every engine's next pipelines and lists the model files whose
// contents are not those that run. Beside an error it returns those made so far.
func (d *Daemon) rebuild(cfg *configs.File) (next []*swap, cold []configs.Change, err error) {
	for _, e := range d.engines {
		g := e.group
		group := cfg.Groups[g.Name]
		now, err := readContents(group.Model, g.options.Dir)
		if err != nil {
			return next, nil, fmt.Errorf("group %s: %w", g.Name, err)
		}
		cold = append(cold, g.contents.changed(g.Name, now)...)
		pipelines, err := g.build(group)
		if err != nil {
			return next, nil, err
		}
		next = append(next, &swap{pipelines, group, d.generation + 1})
	}
	return next, cold, nil
}

// RefuseReload tells metrics and events that a configuration could not even be read.
func (d *Daemon) RefuseReload(why error) { d.tellReload(nil, why) }

// tellReload tells every group what became of a reload.
func (d *Daemon) tellReload(changes []configs.Change, err error) {
	d.metrics.reloaded(err == nil)
	ev := stream.Event{
		Kind: eventReloadApplied, Severity: stream.Info, Message: "configuration in force from the next batch on",
		Evidence: map[string]any{"changes": changes},
	}
	if err != nil {
		ev = stream.Event{
			Kind: eventReloadRefused, Severity: stream.Warn, Message: err.Error(),
			Hint: "nothing changed; mend the file and reload again, or restart where a field needs it",
		}
	}
	for _, e := range d.engines {
		e.publish(ev)
	}
}

// onSwap takes over what Reload left, between two batches.
func (e *engine) onSwap() {
	s := e.next.Swap(nil)
	if s == nil {
		return
	}
	old := e.group.Pipelines
	fresh := s.pipelines.TakeOver(old)
	e.group.Retire(old)
	e.group.Pipelines, e.group.Config, e.generation = s.pipelines, s.config, s.generation
	e.changed()
	if e.labels != nil {
		e.labels.Reload(s.pipelines.ClassNames(), s.config.Feedback.Window)
	}
	log := e.log.Info().Uint64("generation", s.generation)
	if len(fresh) > 0 {
		log = log.Strs("fresh", fresh)
	}
	log.Msg("configuration in force")
}

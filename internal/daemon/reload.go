package daemon

import (
	"fmt"
	"slices"
	"strings"

	"ttad/configs"
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
// anew beside the old ones and take over between two batches, keeping the state of
// pipelines whose strategies are the same. When anything is wrong, or a field
// changed that needs a restart (*ReloadError), nothing changes at all.
//
// It may be called from any goroutine. The changes it returns are in force from
// the next batch on.
func (d *Daemon) Reload(cfg *configs.File) ([]configs.Change, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	changes := configs.Diff(d.config, cfg)
	cold := slices.DeleteFunc(slices.Clone(changes), func(c configs.Change) bool { return c.Class != configs.Cold })
	if len(cold) > 0 {
		d.metrics.reloaded(false)
		return nil, &ReloadError{Cold: cold}
	}
	if len(changes) == 0 {
		d.metrics.reloaded(true)
		return nil, nil
	}
	next := d.generation + 1
	swaps := map[string]*swap{}
	for _, e := range d.engines {
		group := cfg.Groups[e.group.Name]
		pipelines, err := e.group.build(group)
		if err != nil {
			d.metrics.reloaded(false)
			return nil, fmt.Errorf("reload refused, nothing changed: %w", err)
		}
		swaps[e.group.Name] = &swap{pipelines, group, next}
	}
	for _, e := range d.engines {
		e.next.Store(swaps[e.group.Name])
	}
	d.config, d.generation = cfg, next
	d.metrics.generation.Set(float64(next))
	d.metrics.reloaded(true)
	return changes, nil
}

// RefuseReload tells the metrics that a configuration could not even be read.
func (d *Daemon) RefuseReload() { d.metrics.reloaded(false) }

// onSwap takes over what Reload left, between two batches.
func (e *engine) onSwap() {
	s := e.next.Swap(nil)
	if s == nil {
		return
	}
	fresh := carry(e.group.Pipelines, s.pipelines)
	e.group.Pipelines, e.group.Config, e.generation = s.pipelines, s.config, s.generation
	log := e.log.Info().Uint64("generation", s.generation)
	if len(fresh) > 0 {
		log = log.Strs("fresh", fresh)
	}
	log.Msg("configuration in force")
}

// carry moves state from old pipelines to new ones of the same name and
// strategies. It returns the stateful pipelines that start fresh.
func carry(from, to *tta.Group) (fresh []string) {
	states, err := from.Snapshot()
	if err != nil {
		states = nil
	}
	byName := map[string][]tta.State{}
	for _, s := range states {
		byName[s.Pipeline] = append(byName[s.Pipeline], s)
	}
	strategies := map[string][]string{}
	for _, p := range from.Pipelines() {
		strategies[p.Name()] = p.Strategies()
	}
	for _, p := range to.Pipelines() {
		if !p.Stateful() {
			continue
		}
		same := slices.Equal(strategies[p.Name()], p.Strategies())
		if !same || len(byName[p.Name()]) == 0 || to.Restore(byName[p.Name()]) != nil {
			fresh = append(fresh, p.Name())
		}
	}
	return fresh
}

package tune

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"ttad/configs"
	"ttad/tta"
)

// Axis is one parameter and the values to try, as text of a configuration.
type Axis struct {
	Stage  int    // place of the strategy in its pipeline
	Name   string // strategy.parameter
	Param  string
	Values []string
}

// Axes lists what to search in a pipeline: the parameters its strategies offer,
// or, where sets has any, those that it names: "lame.neighbors=1,3,5".
func Axes(p tta.PipelineConfig, sets []string) ([]Axis, error) {
	if len(sets) > 0 {
		return axesOf(p, sets)
	}
	var axes []Axis
	for i, s := range p.Strategies {
		for _, t := range configs.Tunables(s.Params) {
			axes = append(axes, Axis{i, s.Name + "." + t.Name, t.Name, t.Values})
		}
	}
	if len(axes) == 0 {
		return nil, fmt.Errorf("pipeline %q: nothing to tune: %s offer no parameters; name some with --set strategy.parameter=value,value", p.Name, describe(p))
	}
	return axes, nil
}

func axesOf(p tta.PipelineConfig, sets []string) ([]Axis, error) {
	var axes []Axis
	for _, set := range sets {
		a, err := axisOf(p, set)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", set, err)
		}
		if slices.ContainsFunc(axes, func(b Axis) bool { return b.Name == a.Name }) {
			return nil, fmt.Errorf("%q: %s is set twice; list all its values at once", set, a.Name)
		}
		axes = append(axes, a)
	}
	return axes, nil
}

// axisOf reads strategy.parameter=value,value. Rules across parameters wait for
// whole candidates: one axis may make room for another's value.
func axisOf(p tta.PipelineConfig, set string) (Axis, error) {
	name, list, ok := strings.Cut(set, "=")
	strategy, param, dotted := strings.Cut(name, ".")
	if !ok || !dotted {
		return Axis{}, errors.New("expected strategy.parameter=value,value, such as lame.neighbors=1,3,5")
	}
	stage, err := stageOf(p, strategy)
	if err != nil {
		return Axis{}, err
	}
	a := Axis{Stage: stage, Name: name, Param: param, Values: strings.Split(list, ",")}
	for _, v := range a.Values {
		if err := configs.Fits(p.Strategies[stage].Params, param, v); err != nil {
			return Axis{}, err
		}
	}
	return a, nil
}

// stageOf finds the one strategy of a name.
func stageOf(p tta.PipelineConfig, name string) (int, error) {
	found := -1
	for i, s := range p.Strategies {
		if s.Name != name {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("pipeline %q has %s twice, and one name cannot tell them apart", p.Name, name)
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("pipeline %q has no strategy %s; it has %s", p.Name, name, describe(p))
	}
	return found, nil
}

func describe(p tta.PipelineConfig) string {
	if len(p.Strategies) == 0 {
		return "no strategies"
	}
	names := make([]string, len(p.Strategies))
	for i, s := range p.Strategies {
		names[i] = s.Name
	}
	return strings.Join(names, ", ")
}

// Candidate is one choice of values.
type Candidate struct {
	Settings map[string]string // by axis name; empty for the settings in force
	Config   tta.PipelineConfig
}

// candidates lists choices of values, the settings in force first: the whole grid
// where it has at most limit points, else as many drawn from it. Choices that the
// strategies' rules refuse are left out, as is one that equals an earlier choice.
func candidates(p tta.PipelineConfig, axes []Axis, limit int, reg *tta.Registry, random *rand.Rand) ([]Candidate, error) {
	l := &lister{base: p, axes: axes, reg: reg, seen: map[string]bool{}}
	if err := l.add(nil); err != nil {
		return nil, err
	}
	points, whole := gridSize(axes, limit)
	if whole {
		for i := range points {
			if err := l.add(pointAt(axes, i)); err != nil {
				return nil, err
			}
		}
		return l.checked()
	}
	// A grid much larger than the limit is drawn from with few repetitions.
	for tries := 0; len(l.list) <= limit && tries < 20*limit; tries++ {
		point := make([]int, len(axes))
		for a := range axes {
			point[a] = random.IntN(len(axes[a].Values))
		}
		if err := l.add(point); err != nil {
			return nil, err
		}
	}
	return l.checked()
}

// gridSize counts the grid's points; whole is false when there are more than limit.
func gridSize(axes []Axis, limit int) (points int, whole bool) {
	points = 1
	for _, a := range axes {
		if points *= len(a.Values); points > limit {
			return 0, false
		}
	}
	return points, true
}

// pointAt is the i-th point of the grid, the last axis fastest.
func pointAt(axes []Axis, i int) []int {
	point := make([]int, len(axes))
	for a := len(axes) - 1; a >= 0; a-- {
		point[a] = i % len(axes[a].Values)
		i /= len(axes[a].Values)
	}
	return point
}

type lister struct {
	base    tta.PipelineConfig
	axes    []Axis
	reg     *tta.Registry
	seen    map[string]bool
	list    []Candidate
	refused error // the last one
}

// add appends the candidate with the given values, nil for the settings in force.
func (l *lister) add(point []int) error {
	c := Candidate{Settings: map[string]string{}, Config: l.base}
	c.Config.Strategies = slices.Clone(l.base.Strategies)
	byStage := map[int]map[string]string{}
	for a, v := range point {
		axis := l.axes[a]
		if byStage[axis.Stage] == nil {
			byStage[axis.Stage] = map[string]string{}
		}
		byStage[axis.Stage][axis.Param] = axis.Values[v]
		c.Settings[axis.Name] = axis.Values[v]
	}
	for _, stage := range slices.Sorted(maps.Keys(byStage)) {
		params, err := configs.With(l.base.Strategies[stage].Params, byStage[stage])
		if err != nil {
			l.refused = err
			return nil
		}
		c.Config.Strategies[stage].Params = params
	}
	text, err := configs.Fragment(c.Config, l.reg)
	if err != nil {
		return err
	}
	if !l.seen[text] {
		l.seen[text] = true
		l.list = append(l.list, c)
	}
	return nil
}

// checked refuses a list with nothing to compare.
func (l *lister) checked() ([]Candidate, error) {
	if len(l.list) > 1 {
		return l.list, nil
	}
	if l.refused != nil {
		return nil, fmt.Errorf("every choice is refused, the last because %w", l.refused)
	}
	return nil, errors.New("the only choice is the settings in force; give more values")
}

package tune

import (
	"fmt"

	"ttad/tta"
)

// open puts all candidates side by side. Those that the model or their files do not
// allow are left out.
func (s *search) open() error {
	s.running = s.all
	pipelines, err := s.build()
	if err != nil {
		if err := s.sift(); err != nil {
			return err
		}
		if pipelines, err = s.build(); err != nil {
			return err
		}
	}
	s.replace(pipelines)
	return nil
}

// sift keeps the candidates that can be built.
func (s *search) sift() error {
	able := s.all[:0:0]
	var refused error
	for i, r := range s.all {
		s.running = []*runner{r}
		pipelines, err := s.build()
		switch {
		case err == nil:
			s.group.Retire(pipelines)
			able = append(able, r)
		case i == 0:
			return err
		default:
			refused = err
		}
	}
	if len(able) == 1 {
		return fmt.Errorf("no candidate can be built, the last because %w", refused)
	}
	s.all, s.running = able, able
	return nil
}

// replace puts other pipelines in the group's place and frees those it had.
func (s *search) replace(pipelines *tta.Group) {
	s.group.Retire(s.group.Pipelines)
	s.group.Pipelines = pipelines
}

// build makes a group of the running candidates. Each has its place in a name of its
// own, by which its state is carried over; the champion's role tells nothing here.
func (s *search) build() (*tta.Group, error) {
	configs := make([]tta.PipelineConfig, len(s.running))
	for i, r := range s.running {
		configs[i] = r.Config
		configs[i].Name, configs[i].Role = fmt.Sprintf("%s-%d", r.Config.Name, r.place), tta.Shadow
	}
	configs[0].Role = tta.Champion
	return s.group.With(configs)
}

// exchange lets the given candidates go on with the state they have, and nobody else.
func (s *search) exchange(next []*runner) error {
	s.running = next
	pipelines, err := s.build()
	if err != nil {
		return err
	}
	if fresh := pipelines.TakeOver(s.group.Pipelines); len(fresh) > 0 {
		return fmt.Errorf("candidates %v lost their state when others dropped out", fresh)
	}
	s.replace(pipelines)
	return nil
}

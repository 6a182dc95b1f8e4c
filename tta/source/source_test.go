package source_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"ttad/tta"
	"ttad/tta/source"
	"ttad/tta/ttatest"
)

func TestItHasNoStageAtAll(t *testing.T) {
	s, err := source.Spec().New(tta.Env{}, &source.Config{})
	assert.NoError(t, err)
	assert.Equal(t, tta.Needs{}, s.Needs())
	for stage, has := range map[string]bool{
		"prepare": is[tta.Preparer](s), "correct": is[tta.Corrector](s), "decide": is[tta.Decider](s), "update": is[tta.Updater](s), "state": is[tta.Stateful](s),
	} {
		assert.False(t, has, stage)
	}
}

func is[T any](s tta.Strategy) bool {
	_, ok := s.(T)
	return ok
}

func TestLaws(t *testing.T) { ttatest.Run(t, source.Spec()) }

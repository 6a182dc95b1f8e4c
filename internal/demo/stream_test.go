package demo_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/internal/demo"
)

func rows(t *testing.T, n int, seed uint64) ([]demo.Phase, []demo.Row) {
	t.Helper()
	set, err := demo.LoadImages()
	require.NoError(t, err)
	phases := demo.Phases(n)
	require.NotEmpty(t, phases)
	return phases, slices.Collect(demo.Stream(set, phases, seed))
}

func TestTheStreamGoesThroughEveryPhaseInOrder(t *testing.T) {
	phases, all := rows(t, 1003, 1)
	require.Len(t, all, 1003, "rows that do not divide evenly go to the last phase")
	counts := make([]int, len(phases))
	for i, r := range all {
		require.Equal(t, i, r.Index)
		counts[r.Phase]++
		if i > 0 {
			require.GreaterOrEqual(t, r.Phase, all[i-1].Phase)
		}
	}
	for p, phase := range phases {
		assert.Equal(t, phase.Rows, counts[p], phase.Name)
	}
}

func TestSortedPhasesShowOneClassAfterTheOther(t *testing.T) {
	phases, all := rows(t, 10000, 1)
	for p, phase := range phases {
		longest, run, last := 0, 0, -1
		for _, r := range all {
			if r.Phase != p {
				continue
			}
			if r.Label != last {
				run = 0
			}
			run, last = run+1, r.Label
			longest = max(longest, run)
		}
		if phase.Run > 0 {
			assert.Equal(t, phase.Run, longest, phase.Name)
		} else {
			assert.Less(t, longest, 10, phase.Name)
		}
	}
}

func TestPhasesAreBalancedOverClasses(t *testing.T) {
	_, all := rows(t, 1000, 3)
	counts := make([]int, demo.Classes)
	for _, r := range all {
		counts[r.Label]++
	}
	assert.Equal(t, slices.Repeat([]int{100}, demo.Classes), counts)
}

func TestTheSeedIsAllTheStreamDependsOn(t *testing.T) {
	_, a := rows(t, 500, 9)
	_, b := rows(t, 500, 9)
	_, c := rows(t, 500, 10)
	assert.Equal(t, a, b)
	assert.NotEqual(t, a, c)
}

func TestTooFewAndTooManyRowsHaveNoPhases(t *testing.T) {
	assert.Empty(t, demo.Phases(499))
	assert.Empty(t, demo.Phases(1_000_001))
	assert.Len(t, demo.Phases(500), 5)
}

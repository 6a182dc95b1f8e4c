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
			assert.Less(t, longest, 30, phase.Name)
		}
	}
}

// shares counts the classes of a stream's rows.
func shares(rows []demo.Row) []int {
	counts := make([]int, demo.Classes)
	for _, r := range rows {
		counts[r.Label]++
	}
	return counts
}

// play is the rows of one phase.
func play(t *testing.T, phase demo.Phase, seed uint64) []demo.Row {
	t.Helper()
	set, err := demo.LoadImages()
	require.NoError(t, err)
	return slices.Collect(demo.Stream(set, []demo.Phase{phase}, seed))
}

func TestPhasesAreBalancedOverClasses(t *testing.T) {
	assert.Equal(t, slices.Repeat([]int{100}, demo.Classes), shares(play(t, demo.Phase{Rows: 1000}, 3)))
}

func TestFewClassesDominateALongTail(t *testing.T) {
	all := play(t, demo.Phase{Rows: 2000, Imbalance: 100}, 3)
	counts := shares(all)
	assert.NotEqual(t, counts, shares(play(t, demo.Phase{Rows: 2000, Imbalance: 100}, 4)), "which classes is drawn")
	first := slices.Index(counts, slices.Max(counts))
	assert.InDelta(t, 403, shares(all[:1000])[first], 60, "in no order")
	slices.Sort(counts)
	assert.Equal(t, []int{8, 14, 22, 37, 63, 104, 173, 290, 483, 806}, counts, "100 to 1, in equal ratios")
}

func TestClassesFiledUnderAnotherKeepTheirImages(t *testing.T) {
	as := play(t, demo.Phase{Rows: 500}, 3)
	filed := play(t, demo.Phase{Rows: 500, FiledAs: map[int]int{6: 4}}, 3)
	for i := range as {
		require.Equal(t, as[i].Image, filed[i].Image)
		want := as[i].Label
		if want == 6 {
			want = 4
		}
		require.Equal(t, want, filed[i].Label)
	}
}

func TestLabelledImagesAreAlwaysTheSame(t *testing.T) {
	all := play(t, demo.Phase{Rows: 6000}, 3)
	labelled, rows := map[string]bool{}, 0
	for _, r := range all {
		if seen, again := labelled[string(r.Image)]; again {
			require.Equal(t, seen, r.Labelled, "an image people have seen once must not count as unseen later")
		}
		labelled[string(r.Image)] = r.Labelled
		if r.Labelled {
			rows++
		}
	}
	assert.Equal(t, 1800, rows, "30 in 100")
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
	assert.Len(t, demo.Phases(500), 7)
}

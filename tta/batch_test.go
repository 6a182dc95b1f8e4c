package tta_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/models"
	"ttad/tta"
)

// threeItems has items of one, two and one rows.
func threeItems() *tta.Batch {
	return &tta.Batch{
		Step: 9, Rows: 4, Items: []tta.Item{{ID: "a", Rows: 1}, {ID: "b", Rows: 2}, {ID: "c", Rows: 1}},
		Inputs: []*accel.Tensor{
			accel.TensorOf([]float32{0, 1, 2, 3, 4, 5, 6, 7}, 4, 2, 1),
			accel.TensorOf([]float32{10, 11, 12, 13}, 4, 1),
		},
	}
}

func TestKeepTakesItemsWithTheirRows(t *testing.T) {
	tests := []struct {
		name   string
		items  []int
		ids    []string
		first  []float32
		second []float32
	}{
		{"all", []int{0, 1, 2}, []string{"a", "b", "c"}, []float32{0, 1, 2, 3, 4, 5, 6, 7}, []float32{10, 11, 12, 13}},
		{"the outer ones", []int{0, 2}, []string{"a", "c"}, []float32{0, 1, 6, 7}, []float32{10, 13}},
		{"one of two rows", []int{1}, []string{"b"}, []float32{2, 3, 4, 5}, []float32{11, 12}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := threeItems()
			kept := b.Keep(tt.items)
			var ids []string
			for _, it := range kept.Items {
				ids = append(ids, it.ID)
			}
			assert.Equal(t, tt.ids, ids)
			assert.Equal(t, len(tt.second), kept.Rows)
			assert.EqualValues(t, 9, kept.Step)
			assert.Equal(t, accel.TensorOf(tt.first, kept.Rows, 2, 1), kept.Inputs[0])
			assert.Equal(t, accel.TensorOf(tt.second, kept.Rows, 1), kept.Inputs[1])

			kept.Inputs[0].Data[0], kept.Items[0].SourceOnly = -1, "changed"
			assert.Equal(t, threeItems(), b, "the batch it came from is untouched")
		})
	}
}

func TestKeepTakesGivenOutputsToo(t *testing.T) {
	b := threeItems()
	b.Given = &models.Output{Logits: b.Inputs[0], Features: b.Inputs[1]}
	kept := b.Keep([]int{2})
	require.NotNil(t, kept.Given)
	assert.Equal(t, []float32{6, 7}, kept.Given.Logits.Data)
	assert.Equal(t, []float32{13}, kept.Given.Features.Data)
}

func TestKeepRefusesWhatIsNotThere(t *testing.T) {
	assert.Panics(t, func() { threeItems().Keep([]int{3}) })
	assert.Panics(t, func() { threeItems().Keep([]int{1, 0}) })
}

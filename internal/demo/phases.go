package demo

// labelShare is the share of images that people look at and send labels of.
const labelShare = 0.3

// leastRows leaves every phase enough rows for its accuracy to mean something;
// mostRows bounds the memory of a run, which keeps every row's outcome.
const (
	leastRows = 500
	mostRows  = 1_000_000
)

// Phases is the demo's story in the given number of rows, or nil when they are
// too few or too many. The corruptions' amounts were chosen so that the model
// alone fails and its batch statistics still carry what is needed; measured
// figures are in data/README.md.
func Phases(rows int) []Phase {
	if rows < leastRows || rows > mostRows {
		return nil
	}
	phases := []Phase{
		{Name: "clean"},
		{Name: "noise", Corruption: GaussianNoise(0.1)},
		{Name: "glare, class after class", Corruption: Brightness(0.2), Run: 60},
		{Name: "glare", Corruption: Brightness(0.2)},
		{Name: "glare, few classes", Corruption: Brightness(0.2), Imbalance: 50},
		{Name: "shirts filed under coats", FiledAs: map[int]int{shirt: coat}},
		{Name: "clean again"},
	}
	share := rows / len(phases)
	for i := range phases {
		phases[i].Rows = share
	}
	phases[len(phases)-1].Rows += rows - share*len(phases)
	return phases
}

// Classes of data/classes.txt, by index.
const (
	coat  = 4
	shirt = 6
)

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
// alone fails and its batch statistics still carry what is needed. The phase that
// only labels can explain is the longest: they come late. Measured figures are in
// data/README.md.
func Phases(rows int) []Phase {
	if rows < leastRows || rows > mostRows {
		return nil
	}
	phases := []Phase{
		{Name: "clean"},
		{Name: "noise", Corruption: GaussianNoise(0.1)},
		{Name: "glare, by class", Corruption: Brightness(0.2), Run: 60},
		{Name: "noise, few classes", Corruption: GaussianNoise(0.1), Imbalance: 200},
		{Name: "clean again"},
		{Name: "all shoes filed as boots", FiledAs: map[int]int{sandal: boot, sneaker: boot}},
		{Name: "as before"},
	}
	divide(rows, phases, []int{2, 2, 2, 2, 2, 3, 1})
	return phases
}

// divide gives each phase its parts of the rows, rounded so that they add up.
func divide(rows int, phases []Phase, parts []int) {
	all := 0
	for _, part := range parts {
		all += part
	}
	before, upTo := 0, 0
	for i, part := range parts {
		upTo += part
		phases[i].Rows = rows*upTo/all - before
		before += phases[i].Rows
	}
}

// Classes of data/classes.txt, by index.
const (
	sandal  = 5
	sneaker = 7
	boot    = 9
)

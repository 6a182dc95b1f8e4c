package ptx

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel/kernels"
)

// mutant is the shipped module with one line of a kernel changed.
type mutant struct {
	kernel string
	line   int // of the module, from 1
	was    string
	is     string
}

func (m mutant) String() string {
	if m.is == "" {
		return fmt.Sprintf("%s, line %d without %q", m.kernel, m.line, m.was)
	}
	return fmt.Sprintf("%s, line %d: %q for %q", m.kernel, m.line, m.is, m.was)
}

// checkMutants asks what the tests are worth. Barriers and instructions of the shipped
// PTX are taken out and comparisons moved to the other side of equal, one at a time;
// launches recorded from acceltest must then fault, race or give other bits. Not all
// can: some instructions move a value to where it is already or serve branches that
// only other shapes take, and of two equal values either is the larger. PTX_MUTANTS
// says how many of each kind are tried.
func checkMutants(t *testing.T, kept map[string][]recording) {
	n := 100
	if text := os.Getenv("PTX_MUTANTS"); text != "" {
		var err error
		n, err = strconv.Atoi(text)
		require.NoError(t, err, "PTX_MUTANTS")
	}
	lines := strings.Split(kernels.PTX(), "\n")
	for _, c := range []struct {
		name  string
		all   []mutant
		share float64 // that must be noticed
	}{
		{"barriers taken out", barriers(lines), 0.95},
		{"instructions taken out", instructions(lines), 0.8},
		{"comparisons moved", comparisons(lines), 0.4},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, 6))
			random.Shuffle(len(c.all), func(i, j int) { c.all[i], c.all[j] = c.all[j], c.all[i] })
			tried := c.all[:min(n, len(c.all))]
			noticed := 0
			for _, x := range tried {
				if noticedBy(x, lines, kept[x.kernel]) {
					noticed++
				} else {
					t.Logf("not noticed: %s", x)
				}
			}
			t.Logf("%d of %d noticed", noticed, len(tried))
			require.GreaterOrEqual(t, float64(noticed), c.share*float64(len(tried)))
		})
	}
}

// each hands over every instruction of every kernel.
func each(lines []string, do func(kernel string, line int, text string)) {
	kernel := ""
	for i, text := range lines {
		if rest, ok := strings.CutPrefix(text, ".visible .entry "); ok {
			kernel = strings.TrimSuffix(rest, "(")
		}
		text = strings.TrimSpace(text)
		if kernel != "" && strings.HasSuffix(text, ";") && text[0] != '.' {
			do(kernel, i+1, text)
		}
	}
}

func barriers(lines []string) (all []mutant) {
	each(lines, func(kernel string, line int, text string) {
		if strings.HasPrefix(text, "bar.sync") {
			all = append(all, mutant{kernel, line, text, ""})
		}
	})
	return all
}

func instructions(lines []string) (all []mutant) {
	each(lines, func(kernel string, line int, text string) {
		if !strings.HasPrefix(text, "bar.sync") {
			all = append(all, mutant{kernel, line, text, ""})
		}
	})
	return all
}

// comparisons has less for less or equal, and so on.
func comparisons(lines []string) (all []mutant) {
	other := strings.NewReplacer(".lt", ".le", ".le", ".lt", ".gt", ".ge", ".ge", ".gt")
	each(lines, func(kernel string, line int, text string) {
		if is := other.Replace(text); strings.Contains(text, "setp.") && is != text {
			all = append(all, mutant{kernel, line, text, is})
		}
	})
	return all
}

// noticedBy reports whether a recorded launch of the mutant goes another way.
func noticedBy(x mutant, lines []string, recorded []recording) bool {
	m, err := Load(section(x, lines))
	if err != nil {
		return true // such as a kernel that runs on over its end
	}
	for _, r := range recorded {
		after, err := r.on(NewDriver(m, Options{Races: true, Steps: 1_000_000}))
		if err != nil {
			return true
		}
		for i := range after {
			if difference(r.after[i], after[i]) >= 0 {
				return true
			}
		}
	}
	return false
}

// section is the text of the mutant's kernel alone, at its place.
func section(x mutant, lines []string) string {
	first := x.line - 1
	for !strings.HasPrefix(lines[first], ".visible .entry "+x.kernel+"(") {
		first--
	}
	last := x.line - 1
	for lines[last] != "}" {
		last++
	}
	own := append([]string(nil), lines[first:last+1]...)
	own[x.line-1-first] = x.is
	return strings.Repeat("\n", first) + strings.Join(own, "\n")
}

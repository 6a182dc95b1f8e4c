package launch

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ttad/accel"
	"ttad/accel/kernels"
)

// numbersInSource reads constants such as FN_LEAKY_RELU from the kernels.
func numbersInSource(t *testing.T, prefix string) map[string]int {
	define := regexp.MustCompile(`(?m)^#define ` + prefix + `(\w+) (\d+)$`)
	numbers := map[string]int{}
	for _, m := range define.FindAllStringSubmatch(kernels.Source(), -1) {
		n, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		require.NotContains(t, numbers, m[1], "defined twice")
		numbers[m[1]] = n
	}
	return numbers
}

// inSource is how the kernels spell a name.
func inSource[T ~string](name T) string {
	words := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(string(name), "${1}_$2")
	return strings.ToUpper(words)
}

func TestKernelsKnowFunctionsByTheNumbersTheyAreGiven(t *testing.T) {
	functions := map[string]int{"NONE": 0}
	for code, fn := range mapFunctions()[1:] {
		functions[inSource(fn)] = code + 1
	}
	for code, fn := range binaryFunctions() {
		functions[inSource(fn)] = code
	}
	require.Equal(t, functions, numbersInSource(t, "FN_"))
	require.ElementsMatch(t, accel.MapFns(), mapFunctions()[1:], "every function of one value has a number")
	require.ElementsMatch(t, accel.BinaryFns(), binaryFunctions(), "every function of two values has a number")
}

func TestKernelsKnowPaddingByTheNumbersTheyAreGiven(t *testing.T) {
	modes := map[string]int{}
	for code, mode := range padModes() {
		modes[inSource(mode)] = code
	}
	require.Equal(t, modes, numbersInSource(t, "PAD_"))
}

func TestATailTakesTheFunctionsThatKernelsFinishResultsWith(t *testing.T) {
	for _, c := range []struct {
		fn   accel.MapFn
		code int
		ok   bool
	}{
		{"", 0, true},
		{accel.Relu, 1, true},
		{accel.Silu, lastActivation, true},
		{accel.Elu, lastActivation + 1, false},
		{"Softsign", -1, false},
	} {
		t.Run(fmt.Sprintf("%q", c.fn), func(t *testing.T) {
			code, ok := activation(accel.Map{Fn: c.fn})
			require.Equal(t, c.code, code)
			require.Equal(t, c.ok, ok)
		})
	}
}

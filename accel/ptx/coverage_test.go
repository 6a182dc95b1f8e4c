package ptx

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkCoverage compares the instructions that nobody executed with
// testdata/uncovered.txt: a kernel, how many, and why a line. More are refused.
func checkCoverage(t *testing.T, m *Module) {
	allowed := readUncovered(t)
	for _, k := range m.Kernels() {
		lines := k.Uncovered()
		t.Logf("%s: %d instructions of %d were not executed, %d were in all", k.Name, len(lines), k.Instructions(), k.Executed())
		assert.LessOrEqual(t, len(lines), allowed[k.Name],
			"kernel %s: lines %v of kernels.ptx were not executed: test them, or say in testdata/uncovered.txt why not", k.Name, lines)
		delete(allowed, k.Name)
	}
	assert.Empty(t, allowed, "kernels of testdata/uncovered.txt that are not there")
}

func readUncovered(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "uncovered.txt"))
	require.NoError(t, err)
	allowed := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		require.GreaterOrEqual(t, len(words), 3, "%q: want kernel, number and reason", line)
		n, err := strconv.Atoi(words[1])
		require.NoError(t, err)
		allowed[words[0]] = n
	}
	return allowed
}

// What was executed is counted by thread, what was not is named by line.
func TestCoverage(t *testing.T) {
	m, err := Load(kernel("mov.u32 %r1, %tid.x;\nsetp.lt.s32 %p1, %r1, 5;\n@%p1 bra L;\nneg.s32 %r1, %r1;\nret;\nL:\nret;"))
	require.NoError(t, err)
	k := m.Kernel("k")
	require.Equal(t, 6, k.Instructions())
	require.Len(t, k.Uncovered(), 6)
	machine := NewMachine(Options{})
	run := func(threads int) {
		require.NoError(t, machine.Launch(k, [3]int{2, 1, 1}, [3]int{threads, 1, 1}, make([]uint64, 3)))
	}
	run(5)
	require.Equal(t, []int{codeLine + 4, codeLine + 5}, k.Uncovered())
	require.EqualValues(t, 2*5*4, k.Executed())
	run(6)
	require.Empty(t, k.Uncovered())
	require.EqualValues(t, 2*5*4+2*(5*4+5), k.Executed())
}

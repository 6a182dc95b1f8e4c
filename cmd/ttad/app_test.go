package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ttad/configs"
)

func testApp() (a *app, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	return newApp(&bytes.Buffer{}, stdout, stderr), stdout, stderr
}

func TestErrorsHaveExitCodes(t *testing.T) {
	tests := []struct {
		name string
		err  error
		code int
		says string
	}{
		{"none", nil, exitOK, ""},
		{"any", errors.New("it broke"), exitFailed, "ttad: it broke\n"},
		{"usage", usageErrorf("no file"), exitUsage, "ttad: no file\nSee 'ttad help'.\n"},
		{"wrapped", fmt.Errorf("start: %w", withCode(exitUnreachable, errors.New("no server"))), exitUnreachable, "ttad: start: no server\n"},
		{"already told", reported(exitFound), exitFound, ""},
		{"a code for no error", withCode(exitConfig, nil), exitOK, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, _, stderr := testApp()
			assert.Equal(t, tt.code, a.exit(tt.err))
			assert.Equal(t, tt.says, stderr.String())
		})
	}
}

func TestColorsStayOffOutsideTerminals(t *testing.T) {
	a, _, stderr := testApp()
	assert.Equal(t, "x", a.painter(stderr).red("x"))
	assert.Equal(t, "\x1b[31mx\x1b[0m", painter(true).red("x"))
}

func TestWrapKeepsLinesShort(t *testing.T) {
	text := wrap("one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen", "    ")
	for line := range bytes.Lines([]byte(text)) {
		assert.LessOrEqual(t, len(line), 81)
		assert.True(t, bytes.HasPrefix(line, []byte("    ")))
	}
}

// An inspection looks further into a file that reads well; what it finds counts.
func TestCheckRunsInspectionsOnValidFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ttad.yaml")
	require.NoError(t, os.WriteFile(path, []byte(configs.Example()), 0o600))
	a, _, stderr := testApp()
	seen := 0
	cmd := newCheckCommand(a, func(_ context.Context, f *configs.File, r *checked) error {
		seen++
		r.found(f, "groups.cameras.model.file", "holds no norm nodes")
		return nil
	})
	cmd.SetArgs([]string{path})
	assert.Equal(t, exitFound, a.exit(cmd.ExecuteContext(t.Context())))
	assert.Equal(t, 1, seen)
	assert.Contains(t, stderr.String(), "groups.cameras.model.file: holds no norm nodes")

	require.NoError(t, os.WriteFile(path, []byte("version: 2\n"), 0o600))
	assert.Equal(t, exitFound, a.exit(cmd.ExecuteContext(t.Context())))
	assert.Equal(t, 1, seen, "a file with mistakes is not looked into")
}

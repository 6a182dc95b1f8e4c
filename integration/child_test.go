package integration_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"ttad/configs"
	"ttad/internal/daemon"
	"ttad/tta/builtin"
)

// childVariable makes the test binary a daemon: it names the configuration to run.
const childVariable = "TTAD_INTEGRATION_CONFIG"

// runChild is the test binary as a daemon, ended by SIGTERM.
func runChild(path string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	f, err := configs.ReadFile(path, builtin.Registry(), nil)
	if err != nil {
		return err
	}
	d, err := daemon.Start(ctx, f, daemon.Options{Dir: filepath.Dir(path), Registry: builtin.Registry(), Log: zerolog.New(os.Stderr)})
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return d.Wait()
}

// child is a daemon in a process of its own.
type child struct {
	cmd *exec.Cmd
	log *bytes.Buffer
}

func startChild(t testing.TB, config string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), log: &bytes.Buffer{}}
	c.cmd.Env = append(os.Environ(), childVariable+"="+config)
	c.cmd.Stderr = c.log
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			_ = c.cmd.Process.Kill()
			_ = c.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("daemon %d:\n%s", c.cmd.Process.Pid, c.log)
		}
	})
	return c
}

// kill ends the process as a power cut would.
func (c *child) kill(t testing.TB) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Kill())
	_ = c.cmd.Wait() // says that it was killed
}

// terminate asks the daemon to drain and expects it to end well.
func (c *child) terminate(t testing.TB) {
	t.Helper()
	require.NoError(t, c.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, c.cmd.Wait())
}

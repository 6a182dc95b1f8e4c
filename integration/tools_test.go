package integration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"ttad/stream/streamtest"
)

// Programs of others that the daemon is tried with.
const (
	natsCommand = "github.com/nats-io/natscli/nats@v0.5.1"
	natsServer  = "github.com/nats-io/nats-server/v2@v2.15.2"
	nodePackage = "nats@2.29.3"
)

// toolDir is where programs of others are kept between test runs.
func toolDir(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("no cache folder for programs to test with: %v", err)
	}
	dir := filepath.Join(cache, "ttad-test-tools")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return dir
}

// goTool builds a program from the module proxy and returns its path. Where that
// cannot be done the test is skipped; where CI is true, it fails.
func goTool(t testing.TB, module, name string) string {
	t.Helper()
	version := filepath.Base(module)
	dir := filepath.Join(toolDir(t), version)
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	cmd := exec.Command("go", "install", module)
	cmd.Dir = t.TempDir() // outside this module, whose go.mod must not matter
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("install %s: %v\n%s", module, err, out)
		}
		t.Skipf("install %s: %v\n%s", module, err, out)
	}
	return path
}

// nodeTools returns a folder in which Node finds the nats package. Without Node,
// npm or their registry the test is skipped.
func nodeTools(t testing.TB) (node, dir string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no Node here")
	}
	dir = filepath.Join(toolDir(t), "node-"+nodePackage)
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "nats")); err == nil {
		return node, dir
	}
	cmd := exec.Command("npm", "install", "--no-audit", "--no-fund", "--prefix", dir, nodePackage)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("npm install %s: %v\n%s", nodePackage, err, out)
	}
	return node, dir
}

// pythonTool returns an interpreter that has nats-py, or skips the test.
func pythonTool(t testing.TB) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no Python here")
	}
	if out, err := exec.Command(python, "-c", "import nats").CombinedOutput(); err != nil {
		t.Skipf("Python has no nats-py here: %s", bytes.TrimSpace(out))
	}
	return python
}

// foreignServer runs nats-server as a process of its own and returns its address.
func foreignServer(t testing.TB) string {
	t.Helper()
	program := goTool(t, natsServer, "nats-server")
	dir := t.TempDir()
	cmd := exec.Command(program, "-js", "-sd", filepath.Join(dir, "store"), "-a", "127.0.0.1", "-p", "-1", "--ports_file_dir", dir)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	var ports struct {
		NATS []string `json:"nats"`
	}
	streamtest.Eventually(t, "nats-server says where it listens", func() bool {
		files, _ := filepath.Glob(filepath.Join(dir, "*.ports"))
		if len(files) == 0 {
			return false
		}
		b, err := os.ReadFile(files[0])
		return err == nil && json.Unmarshal(b, &ports) == nil && len(ports.NATS) > 0
	})
	return ports.NATS[0]
}

// foreignSite is a site whose server is not ours.
func foreignSite(t testing.TB) (s *site, url string) {
	t.Helper()
	url = foreignServer(t)
	s = &site{t: t, dir: t.TempDir()}
	var err error
	s.nc, err = nats.Connect(url)
	require.NoError(t, err)
	t.Cleanup(s.nc.Close)
	s.js = streamtest.JetStream(t, s.nc)
	return s, url
}

// command runs a program to its end with NATS_URL set.
func command(t testing.TB, url string, stdin []byte, name string, args ...string) (stdout string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "NATS_URL="+url, "NATS_CONTEXT=", "NO_COLOR=1")
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, errs.String())
	}
	if errs.Len() > 0 {
		t.Logf("%s: %s", filepath.Base(name), errs.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// waitForStream waits until the daemon has made its streams, the output's last.
func (s *site) waitForStream(name string) {
	s.t.Helper()
	for _, stream := range []string{name, "TTAD_" + strings.TrimPrefix(name, "IN_")} {
		streamtest.Eventually(s.t, "stream "+stream, func() bool {
			_, err := s.js.Stream(context.Background(), stream)
			return err == nil
		})
	}
}

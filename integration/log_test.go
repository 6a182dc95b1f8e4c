package integration_test

import (
	"bytes"
	"strings"
	"sync"
)

// lockedBuffer is a log that a test reads while the daemon writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// count is how often a word was logged.
func (b *lockedBuffer) count(word string) int { return strings.Count(b.String(), word) }

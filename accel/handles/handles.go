// Package handles keeps count of what is open on a device, so that closing the device
// too early names what was forgotten, and using something closed is an error instead
// of a crash. It knows nothing of what the handles stand for; devices embed a Set.
package handles

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Set is what is open on one device. It is safe for concurrent use.
type Set struct {
	device string // as messages call it

	mu     sync.Mutex
	closed bool
	serial int
	open   map[int]string // by serial number
}

// New returns an empty set for a device of that name.
func New(device string) *Set { return &Set{device: device, open: map[int]string{}} }

// Open notes something that must be released before the device is closed, and gives
// it a number. It is refused once the device is closed.
func (s *Set) Open(what string) (id int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, fmt.Errorf("open %s: %s is closed", what, s.device)
	}
	s.serial++
	s.open[s.serial] = what
	return s.serial, nil
}

// Release is the opposite of Open. A second time it is an error.
func (s *Set) Release(id int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[id]; !ok {
		return fmt.Errorf("%s: #%d is closed already", s.device, id)
	}
	delete(s.open, id)
	return nil
}

// Has reports whether a number is still open.
func (s *Set) Has(id int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.open[id]
	return ok
}

// Close ends the set. While anything is open it only says what, oldest first.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%s is closed already", s.device)
	}
	if len(s.open) > 0 {
		return fmt.Errorf("%s is in use: %s", s.device, strings.Join(s.names(), ", "))
	}
	s.closed = true
	return nil
}

func (s *Set) names() []string {
	ids := make([]int, 0, len(s.open))
	for id := range s.open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = fmt.Sprintf("#%d %s", id, s.open[id])
	}
	return names
}

package stream

// seenSet remembers which stream sequences are being answered and which of the
// last ones were. A server that lost an acknowledgement, or got none in time,
// delivers a message again; adapting to it twice would be wrong even though its
// second answer is dropped.
type seenSet struct {
	state map[uint64]bool // true once answered
	ring  []uint64        // answered, oldest overwritten first
	next  int
}

func newSeenSet(size int) seenSet {
	return seenSet{state: make(map[uint64]bool), ring: make([]uint64, size)}
}

// start notes a sequence and reports whether it is new.
func (s *seenSet) start(seq uint64) bool {
	if _, known := s.state[seq]; known {
		return false
	}
	s.state[seq] = false
	return true
}

// done reports whether a sequence was answered.
func (s *seenSet) done(seq uint64) bool { return s.state[seq] }

// finish notes that a sequence was answered and forgets the oldest such. Sequence
// 0 does not exist, so it marks a free place.
func (s *seenSet) finish(seq uint64) {
	if old := s.ring[s.next]; old != 0 {
		delete(s.state, old)
	}
	s.state[seq] = true
	s.ring[s.next] = seq
	s.next = (s.next + 1) % len(s.ring)
}

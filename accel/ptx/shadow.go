package ptx

import "fmt"

// shadow is who touched a word last. Time is counted in intervals: a number for each
// block and stretch between barriers in it, in the order they run, so that two accesses
// of a block are ordered when their intervals differ, and two of a launch are not when
// they belong to different blocks.
type shadow struct {
	writer, reader mark
	earlier        uint64 // interval of a reader in an earlier block
}

// mark is an access: interval, whether several threads made it, thread.
type mark uint64

const (
	threadBits = 8
	several    = mark(1 << threadBits)
)

func marked(interval uint64, thread int) mark {
	return mark(interval<<(threadBits+1)) | mark(thread)
}

func (m mark) interval() uint64 { return uint64(m) >> (threadBits + 1) }

// meets reports whether m is another thread's access in the interval of now.
func (m mark) meets(now mark) bool {
	return m.interval() == now.interval() && m != now
}

// era is where the launch and the block began. Memory that no other block can reach
// has launch and block the same.
type era struct{ launch, block uint64 }

// elsewhere reports whether an interval belongs to another block of this launch.
func (e era) elsewhere(interval uint64) bool { return interval >= e.launch && interval < e.block }

// met is what an access met.
type met uint8

const (
	nothing met = iota
	writeHere
	readHere
	writeElsewhere
	readElsewhere
)

// describe says what was met.
func (s *shadow) describe(m met) string {
	switch m {
	case writeHere:
		return "written by " + s.writer.who()
	case readHere:
		return "read by " + s.reader.who()
	case writeElsewhere:
		return "written in another block of this launch"
	default:
		return "read in another block of this launch"
	}
}

func (m mark) who() string {
	if m&several != 0 {
		return "several threads of this block"
	}
	return fmt.Sprintf("thread number %d of this block", m&(several-1))
}

// read enters a read.
func (s *shadow) read(now mark, e era) met {
	if s.reader == now && s.writer.interval() < now.interval() {
		return nothing // once more
	}
	switch {
	case s.writer.meets(now):
		return writeHere
	case e.elsewhere(s.writer.interval()):
		return writeElsewhere
	}
	if e.elsewhere(s.reader.interval()) {
		s.earlier = s.reader.interval()
	}
	s.reader = s.reader.joined(now)
	return nothing
}

// write enters a write. Several threads may write the value that is there.
func (s *shadow) write(now mark, e era, same bool) met {
	switch {
	case s.reader.meets(now):
		return readHere
	case e.elsewhere(s.reader.interval()) || e.elsewhere(s.earlier):
		return readElsewhere
	case !same && s.writer.meets(now):
		return writeHere
	case !same && e.elsewhere(s.writer.interval()):
		return writeElsewhere
	}
	s.writer = s.writer.joined(now)
	return nothing
}

// joined is m and now: several threads if they are two of the same interval.
func (m mark) joined(now mark) mark {
	if m.meets(now) {
		return m | several
	}
	return now
}

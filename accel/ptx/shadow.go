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

// other is whom an access met.
type other struct {
	done  string // written, read
	where string // by thread 3, in another block
}

var nobody other

func (o other) String() string { return o.done + " " + o.where }

func inBlock(done string, m mark) other {
	if m&several != 0 {
		return other{done, "by several threads of this block"}
	}
	return other{done, fmt.Sprintf("by thread number %d of this block", m&(several-1))}
}

func inAnother(done string) other { return other{done, "in another block of this launch"} }

// read enters a read and returns the write it met.
func (s *shadow) read(now mark, e era) other {
	switch {
	case s.writer.meets(now):
		return inBlock("written", s.writer)
	case e.elsewhere(s.writer.interval()):
		return inAnother("written")
	}
	if e.elsewhere(s.reader.interval()) {
		s.earlier = s.reader.interval()
	}
	s.reader = s.reader.joined(now)
	return nobody
}

// write enters a write and returns the access it met. Several threads may write the
// value that is there.
func (s *shadow) write(now mark, e era, same bool) other {
	switch {
	case s.reader.meets(now):
		return inBlock("read", s.reader)
	case e.elsewhere(s.reader.interval()) || e.elsewhere(s.earlier):
		return inAnother("read")
	case !same && s.writer.meets(now):
		return inBlock("written", s.writer)
	case !same && e.elsewhere(s.writer.interval()):
		return inAnother("written")
	}
	s.writer = s.writer.joined(now)
	return nobody
}

// joined is m and now: several threads if they are two of the same interval.
func (m mark) joined(now mark) mark {
	if m.meets(now) {
		return m | several
	}
	return now
}

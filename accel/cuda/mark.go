package cuda

// mark is an event in a queue. Marks are used again: their events are destroyed with
// the queue.
type mark struct {
	queue *queue
	event uintptr
	ask   func() error // query, as a value: made once
	ready bool
}

// mark takes one that nobody has, or makes one.
func (q *queue) mark() (*mark, error) {
	if n := len(q.free); n > 0 {
		m := q.free[n-1]
		q.free = q.free[:n-1]
		return m, nil
	}
	m := &mark{queue: q}
	m.ask = m.query
	err := q.driver.do(func() (err error) {
		m.event, err = q.driver.lib.handle("cuEventCreate", q.driver.lib.eventCreate, eventNoTiming)
		return err
	})
	if err != nil {
		return nil, err
	}
	q.marks = append(q.marks, m)
	return m, nil
}

// eventNoTiming makes events cheap: nobody asks them for the time.
const eventNoTiming = 2

// Done asks the driver. The thread answers after it has handed over what was queued
// before the mark, so that failures of that are known, too.
func (m *mark) Done() (bool, error) {
	err := m.queue.driver.do(m.ask)
	if failed := m.queue.failure(); failed != nil {
		return true, failed
	}
	return m.ready || err != nil, err
}

func (m *mark) query() error {
	l := m.queue.driver.lib
	result := l.eventQuery.Call(m.event)
	m.ready = int32(result) == 0
	if int32(result) == codeNotReady {
		return nil
	}
	return l.check("cuEventQuery", result)
}

// Release lets the queue use the mark again.
func (m *mark) Release() error {
	m.queue.free = append(m.queue.free, m)
	return nil
}

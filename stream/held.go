package stream

import "sync"

// holdings are the deliveries that the server is told are being worked on: all
// from the moment they come in, fetched ahead or not, until they are answered.
type holdings struct {
	mu sync.Mutex
	m  map[*Delivery]struct{}
}

func newHoldings() *holdings { return &holdings{m: map[*Delivery]struct{}{}} }

func (h *holdings) add(d *Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.m[d] = struct{}{}
}

func (h *holdings) remove(d *Delivery) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.m, d)
}

// holdOn tells the server that what is here is being worked on. Without it a slow
// model would make the server deliver again, and a count of deliveries that grew
// that way would make innocent messages suspects.
func (h *holdings) holdOn() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for d := range h.m {
		_ = d.working() // on a broken connection the server delivers again, which is what seen is for
	}
}

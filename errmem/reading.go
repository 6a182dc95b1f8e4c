package errmem

// Reading is what a memory knows about n queries. Its slices are used again by
// the next Read into it.
//
// The neighbours of a query are remembered rows (Exact) or the buckets it falls
// into (Sketch), best first or in the order of the tables. Those it has fewer of
// than Width are place -1, similarity and attention 0.
type Reading struct {
	Classes int
	Width   int // neighbours a query can have

	Place      []int32   // [n Width] slot, or bucket in its table
	Similarity []float32 // [n Width] cosine in [-1,1], or share of the table's writes in (0,1]
	Attention  []float32 // [n Width] sums to 1 over a query's neighbours

	LabelMean []float32 // [n Classes] ybar; zeros where there are no neighbours
	BaseMean  []float32 // [n Classes] bbar; empty where bases are not kept
	Support   []float32 // [n] neighbours found, or mean count of the buckets found; 0 for none
	Nearest   []float32 // [n] the largest similarity; 0 for none
}

// shape makes room for n queries and zeroes it.
func (r *Reading) shape(n, width, classes int, bases bool) {
	r.Classes, r.Width = classes, width
	r.Place = room(r.Place, n*width)
	for i := range r.Place {
		r.Place[i] = -1
	}
	r.Similarity = room(r.Similarity, n*width)
	r.Attention = room(r.Attention, n*width)
	r.LabelMean = room(r.LabelMean, n*classes)
	if !bases {
		classes = 0
	}
	r.BaseMean = room(r.BaseMean, n*classes)
	r.Support, r.Nearest = room(r.Support, n), room(r.Nearest, n)
}

// room returns n zeros, in s's memory where that is large enough.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// query is the part of a Reading that belongs to one query.
type query struct {
	place                 []int32
	similarity, attention []float32
	labels, base          []float32
}

func (r *Reading) query(i int) query {
	w, k := r.Width, r.Classes
	q := query{
		place: r.Place[i*w : (i+1)*w], similarity: r.Similarity[i*w : (i+1)*w], attention: r.Attention[i*w : (i+1)*w],
		labels: r.LabelMean[i*k : (i+1)*k],
	}
	if len(r.BaseMean) > 0 {
		q.base = r.BaseMean[i*k : (i+1)*k]
	}
	return q
}

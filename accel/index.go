package accel

// Index holds keys of one width on a device and finds those most similar to
// queries by inner product; with keys and queries of unit length that is the
// cosine. It has one owner. What it finds for a query depends on nothing but the
// query and the keys: not on the other queries, nor on how the work was divided.
type Index interface {
	// Set puts a key of Dim values into a slot below Capacity.
	Set(slot int, key []float32)
	// Key reads back, bit for bit, what was set; zeros in a slot never set.
	Key(slot int, key []float32)
	// Search writes, for each of n queries [n dim], the k most similar keys among
	// slots 0 to live-1 into slots and similarities [n k], the most similar first
	// and ties to the lower slot. Where k exceeds live the rest of a row is slot
	// -1 and similarity 0. A similarity that is not finite is never found, so a key
	// that is not a number is as good as none.
	Search(queries []float32, n, k, live int, slots []int32, similarities []float32)
	// Close frees the device's memory.
	Close()
}

// Indexer is a device that can hold an Index. Devices that cannot are helped by
// the CPU's.
type Indexer interface {
	// NewIndex makes room for capacity keys of dim values, each at least 1, on top
	// of which a search needs scratch in proportion to its queries.
	NewIndex(dim, capacity int) (Index, error)
}

// Seeker is an Index whose keys are in a device's own memory, with a copy on the host.
type Seeker interface {
	Index
	// Seek queues a search on a stream of the same device: what Search does, for n rows
	// of features [n width] that are in a buffer, of each the first Dim values brought to
	// unit length. Slots and similarities are written as those of a download. A row
	// without a direction, being zero or not finite, finds nothing.
	Seek(s Stream, features Buffer, n, width, k, live int, slots []int32, similarities []float32) error
	// Lost is the error after which the device was given up: keys are kept and Search
	// goes on on the host, slowly. Nil while all is well.
	Lost() error
}

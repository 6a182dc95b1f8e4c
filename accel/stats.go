package accel

// Stats is what a device did since it was opened. All counts are of this process.
type Stats struct {
	Launches        int64 // of kernels
	Syncs           int64 // waits of the host for the device
	UploadedBytes   int64 // to the device: weights, inputs, rules, tables
	DownloadedBytes int64 // from it
	MemoryBytes     int64 // of the device, in use now
	PeakBytes       int64 // the most there ever were
}

// Metered is a Device that counts.
type Metered interface{ Stats() Stats }

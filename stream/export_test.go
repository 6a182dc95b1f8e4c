package stream

// ForgetAck makes a delivery's acknowledgement go nowhere, as when the process is
// killed before it leaves.
func ForgetAck(d *Delivery) { d.ack = nil }

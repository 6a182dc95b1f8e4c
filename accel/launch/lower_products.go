package launch

import "ttad/accel"

func (l *lowering) conv(n *node, op accel.Conv) { panic("not written yet") }

func (l *lowering) matMul(n *node, op accel.MatMul) { panic("not written yet") }

func (l *lowering) pool(n *node, op accel.Pool) { panic("not written yet") }

package launch

import "ttad/accel"

func (l *lowering) binary(n *node, op accel.Binary) { panic("not written yet") }

func (l *lowering) where(n *node) { panic("not written yet") }

func (l *lowering) transpose(n *node, op accel.Transpose) { panic("not written yet") }

func (l *lowering) concat(n *node, op accel.Concat) { panic("not written yet") }

func (l *lowering) slice(n *node, op accel.Slice) { panic("not written yet") }

func (l *lowering) pad(n *node, op accel.Pad) { panic("not written yet") }

func (l *lowering) expand(n *node) { panic("not written yet") }

func (l *lowering) gather(n *node, op accel.Gather) { panic("not written yet") }

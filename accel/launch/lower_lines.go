package launch

import "ttad/accel"

func (l *lowering) norm(n *node, op accel.Norm) { panic("not written yet") }

func (l *lowering) reduce(n *node, op accel.Reduce) { panic("not written yet") }

func (l *lowering) softmax(n *node, op accel.Softmax) { panic("not written yet") }

func (l *lowering) layerNorm(n *node, op accel.LayerNorm) { panic("not written yet") }

func (l *lowering) instanceNorm(n *node, op accel.InstanceNorm) { panic("not written yet") }

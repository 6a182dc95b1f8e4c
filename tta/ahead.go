package tta

import (
	"context"

	"ttad/models"
)

// Ahead is told which forwards a step is going to ask for, in their order, before the
// first: a device that works on its own can begin with all of them. Every ask comes as
// a Forward with the same overlay, or not at all.
type Ahead func(ctx context.Context, b *Batch, asks []models.Ask)

// announce tells whoever wants to know what the step's forwards are.
func (g *Group) announce(ctx context.Context, b *Batch) {
	if g.ahead == nil || b.Given != nil {
		return
	}
	g.asks = g.asks[:0]
	source := g.claimedSource()
	if source != nil {
		g.asks = append(g.asks, models.Ask{Overlay: source.overlay, Keep: source.keep})
	}
	for _, s := range g.slots[:g.used] {
		if s != source {
			g.asks = append(g.asks, models.Ask{Overlay: s.overlay, Keep: s.keep})
		}
	}
	g.ahead(ctx, b, g.asks)
}

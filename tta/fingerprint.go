package tta

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Digester is a strategy that reads more than its parameters say: the contents of
// a file. Digest names them, so that a keyed strategy behind it knows when they
// have changed.
type Digester interface {
	Digest() string
}

// fingerprint names a strategy with its parameters and what else it read.
func fingerprint(c StrategyConfig, s Strategy) (string, error) {
	params, err := json.Marshal(c.Params)
	if err != nil {
		return "", fmt.Errorf("fingerprint its parameters: %w", err)
	}
	contents := ""
	if d, ok := s.(Digester); ok {
		contents = d.Digest()
	}
	return digest(c.Name, string(params), contents), nil
}

// digest is 12 hex digits that stand for words.
func digest(words ...string) string {
	h := sha256.New()
	for _, w := range words {
		fmt.Fprintf(h, "%d:%s;", len(w), w)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// ground notes what each keyed strategy rests on: the model, every strategy that
// shapes the forward, and those listed before it.
func (p *Pipeline) ground(env Env) {
	for i := range p.stages {
		s := &p.stages[i]
		if !s.needs.Keyed {
			continue
		}
		words := []string{env.Model, env.Digest}
		for j, before := range p.stages {
			if j < i || j > i && before.prepare != nil {
				words = append(words, before.print)
			}
		}
		s.under = digest(words...)
	}
}

package launch

import "ttad/accel"

// A run's norm rules lie in one piece of memory, a block a norm in program order:
// ruleHeader floats, then a mean and then a variance for each channel, which mean
// something only in mode NormGiven. A blend that gives the source all the weight is
// written as NormSource.
const (
	ruleMode     = 0 // accel.NormMode
	ruleWeight   = 1 // of the source moments
	rulePool     = 2 // 0 or 1
	ruleUnbiased = 3 // 0 or 1
	ruleHeader   = 4
)

// ruleAt is where the block of a norm begins, and where the last ends when norm is
// the number of norms.
func ruleAt(p *accel.Program, norm int) int {
	at := 0
	for i := range norm {
		at += ruleHeader + 2*p.NormChannels(i)
	}
	return at
}

// encodeRules writes rules as kernels read them into to, which has ruleAt's length. No
// rules are source rules.
func encodeRules(p *accel.Program, rules []accel.NormRule, to []float32) {
	clear(to)
	at := 0
	for i := range p.NormSteps {
		block := to[at : at+ruleHeader+2*p.NormChannels(i)]
		at += len(block)
		if len(rules) == 0 {
			continue
		}
		r := &rules[i]
		switch {
		case mixes(*r):
			block[ruleWeight], block[rulePool], block[ruleUnbiased] = r.SourceWeight, flagged(r.Pool), flagged(r.Unbiased)
			block[ruleMode] = float32(accel.NormBlend)
		case r.Mode == accel.NormGiven:
			block[ruleMode] = float32(accel.NormGiven)
			copy(block[ruleHeader:], r.Mean)
			copy(block[ruleHeader+len(r.Mean):], r.Var)
		}
	}
}

func flagged(yes bool) float32 {
	if yes {
		return 1
	}
	return 0
}

// mixes reports whether a rule wants moments of the batch. A blend that gives the source
// all the weight is the source.
func mixes(r accel.NormRule) bool { return r.Mode == accel.NormBlend && r.SourceWeight != 1 }

package stream

import (
	"strconv"
	"time"

	"ttad/tta"
)

// outputEncoder writes whole output bodies.
type outputEncoder struct {
	rowEncoder
	group      string
	model      string
	generation uint64
	last       int // bytes of the body before: the next is much like it
}

// body writes an answer in the configured format.
func (e *outputEncoder) body(p *tta.Prediction, requestID string) []byte {
	b := make([]byte, 0, e.last+e.last/8)
	if e.cfg.Format == "oip" {
		b = e.appendOIP(b, p, requestID)
	} else {
		b = e.appendTTAD(b, p)
	}
	e.last = len(b)
	return b
}

// appendTTAD appends the object with rows.
func (e *outputEncoder) appendTTAD(b []byte, p *tta.Prediction) []byte {
	b = appendMember(append(b, '{'), "id", p.Item.ID)
	b = e.appendAbout(b, p)
	b = e.appendRows(b, p)
	b = appendTiming(b, p)
	return append(b, '}')
}

// appendOIP appends an Open Inference Protocol response: class INT64 [n], probs
// FP32 [n,K] unless probs is none, and the rest under parameters.
func (e *outputEncoder) appendOIP(b []byte, p *tta.Prediction, requestID string) []byte {
	if requestID == "" {
		requestID = p.Item.ID
	}
	b = appendMember(append(b, '{'), "model_name", e.group)
	b = appendMember(b, "model_version", e.model)
	b = appendMember(b, "id", requestID)
	b = append(appendKey(b, "outputs"), '[')
	b = e.appendClassTensor(b, p)
	if e.cfg.Probs != "none" {
		b = e.appendProbsTensor(append(b, ','), p)
	}
	b = append(b, ']')
	b = append(appendKey(b, "parameters"), '{')
	b = appendMember(b, "id", p.Item.ID)
	b = e.appendAbout(b, p)
	b = e.appendRows(b, p)
	b = appendTiming(b, p)
	return append(b, '}', '}')
}

// appendAbout says who answered.
func (e *outputEncoder) appendAbout(b []byte, p *tta.Prediction) []byte {
	b = appendMember(b, "group", e.group)
	b = appendMember(b, "pipeline", p.Pipeline)
	b = appendMember(b, "model", e.model)
	b = strconv.AppendUint(appendKey(b, "generation"), e.generation, 10)
	return strconv.AppendUint(appendKey(b, "step"), p.Step, 10)
}

func (e *outputEncoder) appendRows(b []byte, p *tta.Prediction) []byte {
	b = append(appendKey(b, "rows"), '[')
	for i := range p.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.appendRow(b, &p.Rows[i])
	}
	return append(b, ']')
}

func (e *outputEncoder) appendClassTensor(b []byte, p *tta.Prediction) []byte {
	b = append(b, `{"name":"class","datatype":"INT64","shape":[`...)
	b = strconv.AppendInt(b, int64(len(p.Rows)), 10)
	b = append(b, `],"data":[`...)
	for i := range p.Rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(p.Rows[i].Class), 10)
	}
	return append(b, `]}`...)
}

func (e *outputEncoder) appendProbsTensor(b []byte, p *tta.Prediction) []byte {
	classes := 0
	if len(p.Rows) > 0 {
		classes = len(p.Rows[0].Probs)
	}
	b = append(b, `{"name":"probs","datatype":"FP32","shape":[`...)
	b = strconv.AppendInt(b, int64(len(p.Rows)), 10)
	b = strconv.AppendInt(append(b, ','), int64(classes), 10)
	b = append(b, `],"data":[`...)
	for i := range p.Rows {
		for j, v := range p.Rows[i].Probs {
			if i+j > 0 {
				b = append(b, ',')
			}
			b = appendFloat(b, v)
		}
	}
	return append(b, `]}`...)
}

func appendTiming(b []byte, p *tta.Prediction) []byte {
	b = appendMillis(append(appendKey(b, "timing"), '{'), "queue_ms", p.Queue)
	return append(appendMillis(b, "compute_ms", p.Compute), '}')
}

// appendMillis appends milliseconds with three digits behind the point.
func appendMillis(b []byte, key string, d time.Duration) []byte {
	return strconv.AppendFloat(appendKey(b, key), float64(d.Round(time.Microsecond))/1e6, 'f', -1, 64)
}

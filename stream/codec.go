package stream

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"ttad/accel"
	"ttad/internal/npyfile"
	"ttad/models"
)

// Content types of input messages; absent means ContentJSON.
const (
	ContentJSON   = "application/json"
	ContentBinary = "application/octet-stream"
	ContentTensor = "application/vnd.ttad.tensor"
	ContentNPY    = "application/x-npy"
)

// SourceOnlyNotFinite is the reason set on rows that held NaN or infinity under
// non_finite: source.
const SourceOnlyNotFinite = "not_finite"

// CodecConfig says what a group's messages must hold.
type CodecConfig struct {
	Ports   []models.Port // the model's inputs, or OutputPorts for kind outputs
	Input   InputConfig
	Limits  LimitsConfig
	MaxRows int // rows one message may have, batch.max_rows
}

// OutputPorts are what messages carry for a model of kind outputs: logits
// [N classes] and, where FeatureWidth is set, features [N width].
func OutputPorts(cfg models.Config) []models.Port {
	name := func(given, fallback string) string {
		if given == "" {
			return fallback
		}
		return given
	}
	ports := []models.Port{{Name: name(cfg.Logits, "logits"), Shape: accel.BatchShape(cfg.Classes)}}
	if cfg.FeatureWidth > 0 {
		ports = append(ports, models.Port{Name: name(cfg.Features, "features"), Shape: accel.BatchShape(cfg.FeatureWidth)})
	}
	return ports
}

// Rows is a decoded message.
type Rows struct {
	Inputs []*accel.Tensor // one a port, [Rows ...]; valid until the next decode
	Rows   int
	// RequestID is the "id" of an inference request, empty where none was given.
	RequestID string
	// SourceOnly is set when the rows may be answered from the source view only:
	// values that were not finite were replaced by 0.
	SourceOnly string
}

// Codec turns message bytes into rows. It reuses its memory: one goroutine.
type Codec struct {
	cfg   CodecConfig
	ports []port
	bufs  [][]float32 // one a port
	sent  []float32   // values in the layout they came in
	raw   []byte      // bytes read from JSON
}

// NewCodec checks that the configuration fits the model's inputs.
func NewCodec(cfg CodecConfig) (*Codec, error) {
	if len(cfg.Ports) == 0 || cfg.MaxRows < 1 {
		return nil, fmt.Errorf("codec: %d inputs and %d rows a message; both must be positive", len(cfg.Ports), cfg.MaxRows)
	}
	c := &Codec{cfg: cfg, bufs: make([][]float32, len(cfg.Ports))}
	total := 0
	for _, p := range cfg.Ports {
		converted, err := newPort(p, cfg.Input)
		if err != nil {
			return nil, fmt.Errorf("codec: %w", err)
		}
		c.ports = append(c.ports, converted)
		total += converted.size
	}
	if total > cfg.Limits.RowElements {
		return nil, fmt.Errorf("codec: the model's row has %d values, limits.row_elements is %d", total, cfg.Limits.RowElements)
	}
	return c, nil
}

// Decode reads one message. Nothing is allocated for rows before shape, type and
// size are known to agree.
func (c *Codec) Decode(h nats.Header, body []byte) (Rows, *CodedError) {
	if int64(len(body)) > c.cfg.Limits.MessageBytes {
		return Rows{}, Refusef(TooLarge, "message of %d bytes, at most %d (limits.message_bytes)", len(body), c.cfg.Limits.MessageBytes)
	}
	content, _ := headerValue(h, HeaderContentType)
	_, tail := headerValue(h, HeaderJSONLength)
	switch kind := mediaType(content); {
	case kind == ContentBinary, kind == ContentJSON && tail, kind == "" && tail:
		return c.decodeBinary(h, body)
	case kind == ContentJSON, kind == "":
		return c.decodeRequest(body, nil)
	case kind == ContentTensor:
		return c.decodeTensor(h, body)
	case kind == ContentNPY:
		return c.decodeNPY(body)
	}
	return Rows{}, Refusef(BadCodec, "Content-Type %q, expected one of %s", content,
		strings.Join([]string{ContentJSON, ContentBinary, ContentTensor, ContentNPY}, ", "))
}

// mediaType is a Content-Type without its parameters.
func mediaType(content string) string {
	kind, _, _ := strings.Cut(content, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// DecodeArray takes rows that are an array already, for a model with one input.
func (c *Codec) DecodeArray(a npyfile.Array) (Rows, *CodedError) {
	if len(c.ports) != 1 {
		return Rows{}, Refusef(BadCodec, "the model has %d inputs (%s); only %s and %s name theirs", len(c.ports), c.names(), ContentJSON, ContentBinary)
	}
	rows, err := c.ports[0].rows(a.Shape, c.cfg.MaxRows)
	if err != nil {
		return Rows{}, err
	}
	if c.bufs[0], err = c.appendArray(&c.ports[0], a, rows, c.bufs[0][:0]); err != nil {
		return Rows{}, err
	}
	return c.finish(Rows{Rows: rows})
}

func (c *Codec) decodeNPY(body []byte) (Rows, *CodedError) {
	a, err := npyfile.Decode(body)
	if err != nil {
		return Rows{}, arrayError(err, BadCodec)
	}
	return c.DecodeArray(a)
}

func (c *Codec) decodeTensor(h nats.Header, body []byte) (Rows, *CodedError) {
	dtype, hasType := headerValue(h, HeaderDType)
	text, hasShape := headerValue(h, HeaderShape)
	if !hasType || !hasShape {
		return Rows{}, Refusef(BadHeader, "%s needs the headers %s (such as FP32) and %s (such as 1,3,32,32)", ContentTensor, HeaderDType, HeaderShape)
	}
	var shape []int
	for _, s := range strings.Split(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || len(shape) == maxAxes {
			return Rows{}, Refusef(BadHeader, "%s is %.100q, expected at most %d whole numbers such as 1,3,32,32", HeaderShape, text, maxAxes)
		}
		shape = append(shape, n)
	}
	a, err := npyfile.New(dtype, shape, body)
	if err != nil {
		return Rows{}, arrayError(err, BadShape)
	}
	return c.DecodeArray(a)
}

func (c *Codec) decodeBinary(h nats.Header, body []byte) (Rows, *CodedError) {
	text, ok := headerValue(h, HeaderJSONLength)
	if !ok {
		return Rows{}, Refusef(BadHeader, "%s needs the header %s, the length of the JSON part", ContentBinary, HeaderJSONLength)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > len(body) {
		return Rows{}, Refusef(BadHeader, "%s is %.40q, expected 0 to the %d bytes of the body", HeaderJSONLength, text, len(body))
	}
	return c.decodeRequest(body[:n], body[n:])
}

// decodeRequest reads an inference request whose binary inputs lie in tail.
func (c *Codec) decodeRequest(text, tail []byte) (Rows, *CodedError) {
	req, err := parseOIP(text)
	if err != nil {
		return Rows{}, err
	}
	if err := checkID("id", req.id); err != nil {
		return Rows{}, err
	}
	out := Rows{RequestID: req.id}
	given := make([]bool, len(c.ports))
	for i := range req.inputs {
		in := &req.inputs[i]
		at, err := c.portOf(in.name, given)
		if err != nil {
			return Rows{}, err
		}
		rows, err := c.ports[at].rows(in.shape, c.cfg.MaxRows)
		if err != nil {
			return Rows{}, err
		}
		if out.Rows != 0 && rows != out.Rows {
			return Rows{}, Refusef(BadShape, "input %q has %d rows, another has %d", in.name, rows, out.Rows)
		}
		out.Rows = rows
		if tail, err = c.fill(at, in, rows, tail); err != nil {
			return Rows{}, err
		}
	}
	if i := slices.Index(given, false); i >= 0 {
		return Rows{}, Refusef(UnknownInput, "input %q is missing; the model takes %s", c.ports[i].name, c.names())
	}
	if len(tail) > 0 {
		return Rows{}, Refusef(BadSize, "%d bytes behind the last input; check %s and binary_data_size", len(tail), HeaderJSONLength)
	}
	return c.finish(out)
}

func (c *Codec) portOf(name string, given []bool) (int, *CodedError) {
	i := slices.IndexFunc(c.ports, func(p port) bool { return p.name == name })
	switch {
	case i < 0:
		return 0, Refusef(UnknownInput, "input %q; the model takes %s", name, c.names())
	case given[i]:
		return 0, Refusef(UnknownInput, "input %q is given twice", name)
	}
	given[i] = true
	return i, nil
}

// fill decodes one input into its buffer and returns what is left of the tail.
func (c *Codec) fill(at int, in *oipInput, rows int, tail []byte) ([]byte, *CodedError) {
	p, values := &c.ports[at], rows*c.ports[at].size
	if in.binary < 0 {
		// A value takes a digit and a comma, but for the last one.
		if len(in.data) < 2*values {
			return tail, Refusef(BadSize, "input %q: data of %d bytes cannot hold the %d values of shape %v", in.name, len(in.data), values, in.shape)
		}
		var err *CodedError
		c.bufs[at], err = c.appendText(p, in, rows, slices.Grow(c.bufs[at][:0], values))
		return tail, err
	}
	if in.binary > len(tail) {
		return tail, Refusef(BadSize, "input %q: binary_data_size is %d, %d bytes are left", in.name, in.binary, len(tail))
	}
	a, err := npyfile.New(in.dtype, in.shape, tail[:in.binary])
	if err != nil {
		return tail, arrayError(err, BadShape)
	}
	var refused *CodedError
	c.bufs[at], refused = c.appendArray(p, a, rows, slices.Grow(c.bufs[at][:0], values))
	return tail[in.binary:], refused
}

// finish applies what holds for values whatever they came as.
func (c *Codec) finish(out Rows) (Rows, *CodedError) {
	for i := range c.ports {
		p, values := &c.ports[i], c.bufs[i]
		if at := firstNonFinite(values); at >= 0 {
			if c.cfg.Input.NonFinite != "source" {
				return Rows{}, Refusef(NotFinite, "input %q: value %d is %v; clean the data, or set input.non_finite: source", p.name, at, values[at])
			}
			zeroNonFinite(values)
			out.SourceOnly = SourceOnlyNotFinite
		}
		if err := checkWhole(p, values); err != nil {
			return Rows{}, err
		}
		shape := append([]int{out.Rows}, p.row...)
		out.Inputs = append(out.Inputs, accel.TensorOf(values, shape...))
	}
	return out, nil
}

func (c *Codec) names() string {
	names := make([]string, len(c.ports))
	for i, p := range c.ports {
		names[i] = strconv.Quote(p.name)
	}
	return strings.Join(names, ", ")
}

// arrayError gives an npyfile error its code; format is the code of ErrFormat.
func arrayError(err error, format Code) *CodedError {
	code := format
	switch {
	case errors.Is(err, npyfile.ErrDType):
		code = BadDType
	case errors.Is(err, npyfile.ErrSize):
		code = BadSize
	}
	return Refusef(code, "%v", err)
}

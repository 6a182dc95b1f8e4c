package stream

import "ttad/internal/npyfile"

// Bounds of an inference request, before its shapes are looked at.
const (
	maxInputs = 16
	maxAxes   = 8
)

// oipInput is one tensor of an Open Inference Protocol request; its numbers are
// still text (data) or bytes behind the JSON (binary of them).
type oipInput struct {
	name   string
	dtype  string
	shape  []int
	data   []byte
	binary int // bytes in the tail, -1 when there is none
}

// oipRequest is the envelope of a request.
type oipRequest struct {
	id     string
	inputs []oipInput
}

// parseOIP reads the envelope. Members nobody here reads are checked and skipped,
// so that clients may send parameters, outputs or whatever comes later.
func parseOIP(text []byte) (oipRequest, *CodedError) {
	s := &jsonScan{b: text}
	var req oipRequest
	var refused *CodedError
	seen := false
	err := s.object("an inference request, {\"inputs\":[...]}", func(key string) (err error) {
		switch key {
		case "id":
			req.id, err = s.text("id")
		case "inputs":
			if seen {
				return s.errorf("inputs is given twice")
			}
			seen = true
			refused, err = req.parseInputs(s)
		default:
			err = s.skip(1)
		}
		return err
	})
	if err == nil {
		err = s.end()
	}
	switch {
	case refused != nil:
		return req, refused
	case err != nil:
		return req, Refusef(BadJSON, "%v", err)
	case len(req.inputs) == 0:
		return req, Refusef(BadJSON, "inputs is missing or empty; expected {\"inputs\":[{\"name\",\"datatype\",\"shape\",\"data\"}]}")
	}
	return req, nil
}

func (r *oipRequest) parseInputs(s *jsonScan) (refused *CodedError, err error) {
	err = s.array("the array of inputs", func() error {
		if len(r.inputs) == maxInputs {
			return s.errorf("more than %d inputs", maxInputs)
		}
		in := oipInput{binary: -1}
		if err := in.parse(s); err != nil {
			return err
		}
		if refused == nil {
			refused = in.check()
		}
		r.inputs = append(r.inputs, in)
		return nil
	})
	return refused, err
}

func (in *oipInput) parse(s *jsonScan) error {
	return s.object("an input object", func(key string) (err error) {
		switch key {
		case "name":
			in.name, err = s.text("name")
		case "datatype":
			in.dtype, err = s.text("datatype")
		case "shape":
			in.shape, err = parseShape(s)
		case "data":
			in.data, err = s.numbers("data")
		case "parameters":
			err = in.parseParameters(s)
		default:
			err = s.skip(3)
		}
		return err
	})
}

func parseShape(s *jsonScan) (shape []int, err error) {
	shape = []int{}
	err = s.array("shape, an array", func() error {
		if len(shape) == maxAxes {
			return s.errorf("shape has more than %d axes", maxAxes)
		}
		n, err := s.integer("an extent")
		shape = append(shape, n)
		return err
	})
	return shape, err
}

func (in *oipInput) parseParameters(s *jsonScan) error {
	return s.object("parameters, an object", func(key string) (err error) {
		if key != "binary_data_size" {
			return s.skip(4)
		}
		in.binary, err = s.integer("binary_data_size")
		if err == nil && in.binary < 0 {
			err = s.errorf("binary_data_size is negative")
		}
		return err
	})
}

// check refuses an input that does not describe a tensor.
func (in *oipInput) check() *CodedError {
	switch {
	case in.name == "":
		return Refusef(BadJSON, "an input has no name")
	case in.shape == nil:
		return Refusef(BadJSON, "input %q has no shape", in.name)
	case npyfile.Width(in.dtype) == 0:
		return Refusef(BadDType, "input %q has datatype %q, expected one of %v", in.name, in.dtype, npyfile.DTypes())
	case in.data == nil && in.binary < 0:
		return Refusef(BadJSON, "input %q has neither data nor parameters.binary_data_size", in.name)
	case in.data != nil && in.binary >= 0:
		return Refusef(BadJSON, "input %q has both data and parameters.binary_data_size", in.name)
	}
	return nil
}

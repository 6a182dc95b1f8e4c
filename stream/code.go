package stream

import "fmt"

// Code says why a message became a dead letter. Codes are an API.
type Code string

// Codes of dead letters.
const (
	BadCodec     Code = "bad_codec"     // Content-Type not known, or not usable for this model
	BadJSON      Code = "bad_json"      // not the JSON of an inference request
	BadShape     Code = "bad_shape"     // shape does not fit the model's input
	BadDType     Code = "bad_dtype"     // element type not supported, or values it cannot hold
	BadSize      Code = "bad_size"      // number of bytes or values differs from the shape
	NotFinite    Code = "not_finite"    // NaN or infinite values with non_finite: reject
	TooLarge     Code = "too_large"     // message, row or answer over its limit
	TooManyRows  Code = "too_many_rows" // more rows than batch.max_rows
	UnknownInput Code = "unknown_input" // an input the model does not have, given twice, or missing
	BadHeader    Code = "bad_header"    // headers missing, malformed or over 16 KiB; subject with wildcards
	BadID        Code = "bad_id"        // id over 200 bytes or not printable UTF-8
	BadLabel     Code = "bad_label"     // a label that names no item or no class, or is for a row or a class there is not
	ModelError   Code = "model_error"   // the forward or a strategy failed
	DeadlineOver Code = "deadline"      // the batch took longer than limits.deadline
	Poison       Code = "poison"        // the process died while it was alone in its batch
)

// Codes lists all of them.
func Codes() []Code {
	return []Code{
		BadCodec, BadJSON, BadShape, BadDType, BadSize, NotFinite, TooLarge, TooManyRows,
		UnknownInput, BadHeader, BadID, BadLabel, ModelError, DeadlineOver, Poison,
	}
}

// CodedError is the reason a message is refused: what was expected, what came,
// and what to do about it.
type CodedError struct {
	Code    Code
	Message string
}

// Error prints both.
func (e *CodedError) Error() string { return string(e.Code) + ": " + e.Message }

// Refusef builds a CodedError.
func Refusef(code Code, format string, args ...any) *CodedError {
	return &CodedError{Code: code, Message: fmt.Sprintf(format, args...)}
}

package replay

import (
	"fmt"
	"io"

	"ttad/accel"
	"ttad/internal/npyfile"
	"ttad/models"
	"ttad/stream"
)

// Batches returns the data's rows as model inputs, batch by batch in arrival
// order, ending with io.EOF. The tensors are good until the next call.
func Batches(d *Data, cfg stream.CodecConfig, progress func(done, total int)) (models.Next, error) {
	codec, err := stream.NewCodec(cfg)
	if err != nil {
		return nil, err
	}
	arrays, first := map[string]npyfile.Array{}, 0
	return func() ([]*accel.Tensor, int, error) {
		if first == d.Rows() {
			return nil, 0, io.EOF
		}
		end := min(first+cfg.MaxRows, d.Rows())
		if err := d.gather(d.order[first:end], arrays); err != nil {
			return nil, 0, fmt.Errorf("rows %d to %d: %w", first, end-1, err)
		}
		rows, refused := codec.DecodeArrays(arrays)
		if refused != nil {
			return nil, 0, fmt.Errorf("rows %d to %d: %w", first, end-1, refused)
		}
		first = end
		if progress != nil {
			progress(end, d.Rows())
		}
		return rows.Inputs, rows.Rows, nil
	}, nil
}

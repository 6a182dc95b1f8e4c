package configs_test

import (
	"fmt"

	"ttad/configs"
)

func ExampleLoad() {
	_, err := configs.Load("ttad.yaml", []byte(`
version: 1
bus: {servers: [nats://127.0.0.1:4222]}
groups:
  cameras:
    model: {file: resnet20.onnx}
    batch: {max_row: 64, max_delay: 20}
    pipelines: [{name: main, strategies: [alphbn]}]
`), registry(), nil)
	fmt.Println(err)
	// Output:
	// ttad.yaml:7:13: groups.cameras.batch.max_row: unknown field, did you mean max_rows?
	// ttad.yaml:7:37: groups.cameras.batch.max_delay: a duration needs a unit, such as 20ms or 1m30s; got 20
	// ttad.yaml:8:43: groups.cameras.pipelines[0].strategies[0]: unknown strategy "alphbn", did you mean alphabn?
}

func ExampleDiff() {
	read := func(rows, weight string) *configs.File {
		f, err := configs.Load("ttad.yaml", fmt.Appendf(nil, `
version: 1
bus: {embedded: {}}
groups:
  cameras:
    model: {file: resnet20.onnx}
    batch: {max_rows: %s}
    pipelines: [{name: main, strategies: [alphabn: {source_weight: %s}]}]
`, rows, weight), registry(), nil)
		if err != nil {
			panic(err)
		}
		return f
	}
	for _, c := range configs.Diff(read("64", "0.9"), read("128", "0.8")) {
		fmt.Printf("%-4s %s: %s -> %s\n", c.Class, c.Path, c.Old, c.New)
	}
	// Output:
	// cold groups.cameras.batch.max_rows: 64 -> 128
	// hot  groups.cameras.pipelines.main.strategies[0].alphabn.source_weight: 0.9 -> 0.8
}

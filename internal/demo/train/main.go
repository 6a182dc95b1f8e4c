package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"ttad/accel"
	"ttad/models/onnx"
)

func main() {
	cfg := schedule{}
	flag.IntVar(&cfg.epochs, "epochs", 4, "passes over the training images")
	flag.IntVar(&cfg.rows, "rows", 64, "images a step")
	flag.Float64Var(&cfg.rate, "rate", 0.003, "highest learning rate")
	flag.Uint64Var(&cfg.seed, "seed", 1, "seed of weights and order")
	folder := flag.String("data", "", "folder with the four Fashion-MNIST files")
	out := flag.String("out", "", "ONNX file to write")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *folder, *out, cfg); err != nil {
		fmt.Fprintln(os.Stderr, "train:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, folder, out string, cfg schedule) error {
	if folder == "" || out == "" {
		return fmt.Errorf("flags -data and -out are needed")
	}
	train, err := load(folder, "train")
	if err != nil {
		return err
	}
	test, err := load(folder, "t10k")
	if err != nil {
		return err
	}
	net, learn := network(cfg.seed)
	trained, err := fit(ctx, net, learn, train, cfg, report)
	if err != nil {
		return err
	}
	accuracy, err := score(trained, learn, test)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "accuracy on the %d test images, stored moments: %.4f\n", len(test.labels), accuracy)
	return write(out, trained)
}

func report(step, steps int, loss, rate float64) {
	fmt.Fprintf(os.Stderr, "step %5d of %d  loss %.4f  rate %.5f\n", step, steps, loss, rate)
}

func write(path string, p *accel.Program) error {
	m, err := model(p)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, onnx.Encode(m), 0o644); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}

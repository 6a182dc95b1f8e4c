package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"ttad/internal/npyfile"
)

// attackDelay is how many rows late labels come under attack.
const attackDelay = 500

// target is a stream whose labels are tampered with.
type target struct {
	name    string
	setup   setup
	classes int
	inputs  []string // flags
	labels  []int    // of all its rows
}

// writeAttack measures what a memory makes of labels that are too many, one-sided
// or wrong.
func writeAttack(ctx context.Context, r *runner, p plan, b *strings.Builder) error {
	targets, err := r.targets(p)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, attackHead, attackDelay)
	for _, a := range attacks(2) {
		fmt.Fprintf(b, "- %s: %s\n", a.name, a.about)
	}
	b.WriteString("\n| stream | labels | told | source | reloop | difference |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, t := range targets {
		cfg, err := r.writeConfig(t.setup)
		if err != nil {
			return err
		}
		for _, a := range attacks(t.classes) {
			if err := r.attacked(ctx, cfg, t, a, b); err != nil {
				return err
			}
		}
	}
	b.WriteString(attackWhy)
	return nil
}

// attacked writes the line of one attack on one stream.
func (r *runner) attacked(ctx context.Context, cfg string, t target, a attack, b *strings.Builder) error {
	told := a.tell(t.labels, t.classes)
	file := filepath.Join(r.work, "feedback.npy")
	if err := npyfile.SaveInts(file, told); err != nil {
		return err
	}
	rep, err := r.run(ctx, cfg, append(t.inputs, "--feedback", file, "--label-delay", fmt.Sprint(attackDelay))...)
	if err != nil {
		return err
	}
	source, memory := rep.Pipelines[0], rep.Pipelines[1]
	fmt.Fprintf(b, "| %s | %s | %d | %.2f | %.2f | %s |\n", t.name, a.name, rep.Learned, 100*(1-source.Error), 100*(1-memory.Error), gain(memory.Advantage))
	return nil
}

func (r *runner) targets(p plan) ([]target, error) {
	memory := []pipeline{{"reloop", "[reloop]"}}
	var list []target
	for _, t := range recordedTables() {
		labels, err := t.labels(r)
		if err != nil {
			return nil, err
		}
		list = append(list, target{
			name: t.name, classes: 2, labels: labels, inputs: t.inputs(r),
			setup: setup{name: t.name + "-attack", model: t.model(), pipelines: memory, batch: 64, tabular: true},
		})
	}
	images, err := r.continual(p)
	images.setup = setup{name: "cifar-attack", model: "resnet20.onnx", pipelines: memory, batch: 64}
	return append(list, images), err
}

// continual is every stream of images in turn.
func (r *runner) continual(p plan) (target, error) {
	t := target{name: "CIFAR-10-C, continual", classes: 10}
	once, err := readLabels(r.cifar("labels.npy"))
	if err != nil {
		return t, err
	}
	joined := filepath.Join(r.work, "labels.npy")
	for _, c := range p.corruptions {
		t.inputs = append(t.inputs, "--inputs", r.cifar(c+".npy"))
		t.labels = append(t.labels, once...)
	}
	t.inputs = append(t.inputs, "--labels", joined)
	return t, npyfile.SaveInts(joined, t.labels)
}

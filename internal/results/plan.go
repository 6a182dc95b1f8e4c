package main

// plan is what is measured: every stream under every batch size.
type plan struct {
	corruptions []string
	orders      []order
	shifted     []order // in which classes are not equally frequent
	batches     []int
	continual   bool
}

// order is an arrival order; the continual stream is not one, it joins files.
type order struct{ name, file, about string }

func fullPlan() plan {
	p := plan{
		corruptions: []string{"clean", "gaussian_noise_5", "impulse_noise_5", "defocus_blur_5", "motion_blur_5",
			"fog_5", "brightness_5", "contrast_5", "jpeg_compression_5"},
		orders: []order{
			{"i.i.d.", "order_iid.npy", "classes in random order"},
			{"class-sorted", "order_sorted.npy", "all of class 0, then all of class 1, …"},
			{"Dirichlet(0.1)", "order_dirichlet01.npy", "bursts of few classes"},
			{"long-tailed 10, forward", "order_lt10_forward.npy", "the first class 10 times as frequent as the last"},
			{"long-tailed 10, backward", "order_lt10_backward.npy", "the last class 10 times as frequent as the first"},
			{"long-tailed 100, forward", "order_lt100_forward.npy", "the same, 100 times"},
			{"long-tailed 100, backward", "order_lt100_backward.npy", "the same, 100 times, other way round"},
		},
		batches:   []int{64, 200},
		continual: true,
	}
	p.shifted = p.orders[2:]
	return p
}

func quickPlan() plan {
	p := fullPlan()
	p.corruptions = p.corruptions[:2]
	p.orders, p.shifted = p.orders[:2], p.shifted[:2]
	p.continual = false
	return p
}

// pipelines are the columns of every table, in order; each is a YAML list of
// strategies.
func pipelines() []pipeline {
	return []pipeline{
		{"source", "[source]"},
		{"alphabn09", "[alphabn: {source_weight: 0.9}]"},
		{"alphabn01", "[alphabn: {source_weight: 0.1}]"},
		{"bnema", "[bnema]"},
		{"lame", "[lame]"},
		{"lame-knn", "[lame: {affinity: knn}]"},
		{"alphabn09-lame", "[alphabn: {source_weight: 0.9}, lame: {}]"},
		{"bnema-lame", "[bnema, lame]"},
	}
}

type pipeline struct{ name, strategies string }

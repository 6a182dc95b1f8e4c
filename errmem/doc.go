// Package errmem holds bounded memories of a classifier's past errors: what a
// row looked like, which class it was in truth, and what the classifier had been
// given to say. A query is answered with what its neighbours were: the mean of
// their labels, the mean of what was said of them, and how much there is to go by.
//
//	attention  a_i = softmax over the neighbours of similarity_i / temperature
//	labels     ybar = sum a_i onehot(y_i)
//	base       bbar = sum a_i base_i
//
// There are two memories. Exact keeps the newest rows themselves and finds the
// most similar by cosine. Sketch keeps no rows: it adds each to one bucket of
// several hash tables, so that its size does not depend on how many were written;
// it is for streams with far more labels than buckets.
//
// The package is an instrument. The rule that turns a Reading into corrected
// probabilities is tta/reloop's, where labels come from is stream's and tta's, and
// a fast search over keys is accel's (Index).
//
// ReLoop2: Building Self-Adaptive Recommendation Models via Responsive Error
// Compensation Loop. Zhu, Cai, Huang, Dong, Tang and Zhang; KDD 2023,
// arXiv 2306.08808. Signed random projections: Charikar, STOC 2002.
package errmem

// Package tune searches the parameters of one pipeline's strategies on a recorded,
// labelled stream. Candidates run side by side in one group, so that they share
// forwards, and are compared by their prequential score: every row is answered
// before anything is learned from it or from its label.
//
// Few candidates all run to the end; of many, the worst drop out at prefixes of the
// stream that grow by a factor (successive halving, Jamieson and Talwalkar 2016,
// arXiv 1502.07943), and the others go on with the state they have. The last rows
// take no part in the choice: on them the winner is compared with the settings in
// force, by a paired difference, because the best of many is partly luck.
//
// It plays rows with package replay and changes no file; package configs says what
// can be tuned and writes the result.
package tune

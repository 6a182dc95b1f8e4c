// Command ttad reads feature rows from NATS, runs a frozen classifier on them,
// adapts its statistics and outputs to the shifted data, and publishes corrected
// predictions.
//
// This package is flags, signals and printing. Each command is one file with a
// constructor newXCommand(app *app) *cobra.Command, listed in root.go; what a
// command does lives in a package that can be tested without a process. Data goes
// to standard output, words for people to standard error, and --json turns the
// data into JSON everywhere.
//
// Next: package internal/daemon, which does the work of run, and package configs.
package main

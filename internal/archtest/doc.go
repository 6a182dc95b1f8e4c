// Package archtest holds no code: its test reads who imports whom
// and fails with the reason where a wall of docs/architecture.md is crossed. A
// new edge means editing the table here in the same commit.
package archtest

// Package fw is a self-supervised-learning lab for computer vision. The program
// is cmd/fw; docs/architecture.md says how the house is built.
package fw

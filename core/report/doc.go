// Package report owns what people and programs read of a run: report.json,
// report.html with its curves, and sheets of pictures. It measures nothing.
// Start from [Report]; pictures are drawn by [Sheet]. The schema of report.json is
// docs/report.md.
package report

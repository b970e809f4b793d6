// Package experiment owns the language of experiment.toml: its sections and keys
// as a table, their checking, defaults and overrides, and the canonical form
// that a run keeps. It starts no plugin and opens no data set; what plugins exist
// and what they take comes from [Plugins]. [Parse] reads the text, [Validate]
// checks it, and an [Experiment] does not change after that. Start from
// [Experiment].
package experiment

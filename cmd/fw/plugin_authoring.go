package main

// pluginAuthoring is the verbs of who writes plugins, in the order of their road.
type pluginAuthoring struct {
	New   pluginNewCmd   `cmd:"" help:"Start a plugin: a folder with a working one, an experiment and the SDK."`
	Build pluginBuildCmd `cmd:"" help:"Build a plugin's folder: artifacts, and its manifest with their hashes."`
	Test  pluginTestCmd  `cmd:"" help:"Hold a plugin to what a host relies on: a table, and an exit code."`
	Bench pluginBenchCmd `cmd:"" help:"Time a plugin: its start, its calls, and its share of a step."`
	Try   pluginTryCmd   `cmd:"" help:"Try a plugin on tensors or images of your own."`
}

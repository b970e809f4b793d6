package main

// pluginCmd is the verbs about plugins, each in a file of its own.
type pluginCmd struct {
	pluginAuthoring
	List pluginListCmd `cmd:"" help:"List plugins: id, kind, version, carrier, hash, who signed it, whether it may run, where from; and why one cannot be used."`
	pluginSharing
}

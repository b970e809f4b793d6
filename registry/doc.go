// Package registry owns what plugins there are and which one is meant:
// plugin.toml manifests, registry.toml files in layers, the choice of a version
// and an artifact, the hash check before anything is started, and fw.lock. It
// starts no plugin: the host does, with what [Registry.Resolve] returns. Start
// from [Open].
package registry

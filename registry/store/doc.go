// Package store owns the folder of what the user has: installed plugins by the hash of
// their content, the registry.toml that lists them, keys, and which processes are
// trusted. Several processes may change it at once. It opens no connection. Start from
// [Open].
package store

// Package transport owns how packed plugins travel: files, https, and OCI registries
// (https://github.com/opencontainers/distribution-spec, through oras-go). What it brings
// was checked by package bundle. Start from [ParseRef] and [Get].
package transport

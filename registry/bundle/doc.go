// Package bundle owns a packed plugin: its files with their hashes and signature, and
// the one file, an OCI image layout, that carries them. It opens no connection and
// installs nothing. Everything that it reads may be hostile. Start from [FromFolder] and
// [ReadTar].
package bundle

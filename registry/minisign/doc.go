// Package minisign owns ed25519 keys and signatures in the files of the minisign
// tool (https://jedisct1.github.io/minisign/), either of which reads the other's.
// It knows no plugins. Start from [ParsePublicKey] and [PublicKey.Verify].
package minisign

// Package tomlx reads TOML strictly and remembers where everything stood: it
// turns a file into [Node]s with line and column, and lets their reader report
// every problem at once, in the file's order. BurntSushi/toml is the authority
// on syntax and values; this package adds places, limits against hostile files,
// and the words of the errors. It knows no key: experiments, manifests and
// registries bring their own tables of parameters. Start from [Parse] and
// [Reader].
package tomlx

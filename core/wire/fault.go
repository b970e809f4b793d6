package wire

import (
	"errors"
	"strings"
)

// ParamFault is how a plugin refuses a parameter's value; the host then says where
// the experiment sets it.
func ParamFault(plugin, param, text string) error {
	return errors.New(plugin + ": parameter " + param + ": " + text)
}

// FaultyParam is the parameter that a plugin's words refuse, and why; ok is false
// where they are none of ParamFault's.
func FaultyParam(plugin, words string) (param, text string, ok bool) {
	rest, ok := strings.CutPrefix(words, plugin+": parameter ")
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, ": ")
}

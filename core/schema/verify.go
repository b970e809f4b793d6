package schema

import (
	"errors"
	"slices"
)

// Verify refuses a parameter that contradicts itself: a name that is no bare
// key of TOML, an unknown type, bounds that leave no value, a default out of its
// own range.
func (p *Param) Verify() error {
	numeric := p.Type == Float || p.Type == Int || p.Type == Floats || p.Type == Ints
	switch {
	case !bareKey(p.Name):
		return errors.New("parameter " + Quote(p.Name) + ": expected a name of at most 64 letters, digits and _")
	case !slices.Contains(Types, p.Type):
		return p.fault("unknown type " + Quote(string(p.Type)) + DidYouMean(string(p.Type), TypeNames()))
	case (p.HasMin || p.HasMax) && !numeric:
		return p.fault("a range is for numbers, its type is " + string(p.Type))
	case p.MinOpen && !p.HasMin || p.MaxOpen && !p.HasMax:
		return p.fault("an open bound that is not given")
	case p.Min-p.Min != 0 || p.Max-p.Max != 0:
		return p.fault("a bound is no finite number")
	case p.HasMin && p.HasMax && (p.Min > p.Max || p.Min == p.Max && (p.MinOpen || p.MaxOpen)):
		return p.fault("no value is " + p.Range())
	case len(p.Choices) > 0 && p.Type != String:
		return p.fault("choices are for strings, its type is " + string(p.Type))
	case p.Default.Type == "":
		return nil
	}
	v, err := p.Check(p.Default)
	if err != nil {
		return p.fault("its default: " + err.Error())
	}
	if v.Type != p.Default.Type {
		return p.fault("its default is of type " + string(p.Default.Type) + ", expected " + string(p.Type))
	}
	return nil
}

func (p *Param) fault(text string) error { return errors.New("parameter " + p.Name + ": " + text) }

// bareKey also bounds the length, as names are compared and printed.
func bareKey(s string) bool {
	for _, c := range []byte(s) {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= nearestMax
}

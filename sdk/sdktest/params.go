package sdktest

import (
	"errors"
	"fmt"
	"math"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/wire"
)

// parameters holds the plugin to its own schema: the defaults are what nothing
// given means; values out of range, of another type or of unknown names are refused
// in the words that let the host name the place.
func (p *subject) parameters() (string, error) {
	if len(p.asked) == 0 {
		return "", Skipped("it answers nothing")
	}
	r := p.asked[0]
	plain, err := p.call(r.Method, r.Bytes)
	if err != nil {
		return "", err
	}
	var defaults []schema.Named
	refused := 0
	for i := range p.info.Params {
		s := &p.info.Params[i]
		if s.Default.Type != "" {
			defaults = append(defaults, schema.Named{Name: s.Name, Value: s.Default})
		}
		for _, v := range wrong(s) {
			_, err := p.call(r.Method, r.with(schema.Named{Name: s.Name, Value: v}))
			var broken *Broken
			switch {
			case err == nil:
				return "", fmt.Errorf("parameter %s: expected %s, and %s is taken", s.Name, s.Expected(), v)
			case errors.As(err, &broken):
				return "", fmt.Errorf("parameter %s: %s is not refused, it breaks the plugin: %w", s.Name, v, err)
			}
			if name, _, ok := wire.FaultyParam(p.info.ID, err.Error()); !ok || name != s.Name {
				return "", fmt.Errorf("parameter %s: %s is refused in other words than %q: %w", s.Name, v, wire.ParamFault(p.info.ID, s.Name, "WHY"), err)
			}
			refused++
		}
	}
	given, err := p.call(r.Method, r.with(defaults...))
	if err != nil {
		return "", fmt.Errorf("its own defaults: %w", err)
	}
	if string(plain) != string(given) {
		return "", errors.New("its defaults, given, do not mean what nothing given means")
	}
	const unknown = "no-such-parameter"
	if _, err := p.call(r.Method, r.with(schema.Named{Name: unknown, Value: schema.OfInt(1)})); err == nil {
		return "", fmt.Errorf("parameter %s is taken", unknown)
	}
	return fmt.Sprintf("defaults hold, %d wrong values and an unknown name are refused", refused), nil
}

// wrong is values that a parameter must refuse.
func wrong(s *schema.Param) (list []schema.Value) {
	number := func(x float64) {
		switch s.Type {
		case schema.Float:
			list = append(list, schema.OfFloat(x))
		case schema.Floats:
			list = append(list, schema.OfFloats(x))
		case schema.Int:
			list = append(list, schema.OfInt(int(x)))
		case schema.Ints:
			list = append(list, schema.OfInts(int(x)))
		}
	}
	step := func(bound float64) float64 {
		if s.Type == schema.Int || s.Type == schema.Ints {
			return 1
		}
		return max(1e-6, math.Abs(bound)*1e-6)
	}
	if s.HasMin {
		x := s.Min
		if !s.MinOpen {
			x -= step(x)
		}
		number(x)
	}
	if s.HasMax {
		x := s.Max
		if !s.MaxOpen {
			x += step(x)
		}
		number(x)
	}
	if s.Type == schema.Float || s.Type == schema.Floats {
		number(math.NaN())
		number(math.Inf(1))
	}
	if len(s.Choices) > 0 {
		list = append(list, schema.OfString("no such choice"))
	}
	if s.Type == schema.String {
		return append(list, schema.OfInt(1))
	}
	return append(list, schema.OfString("text"))
}

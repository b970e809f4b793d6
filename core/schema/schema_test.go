package schema_test

import (
	"math"
	"testing"

	"github.com/BurntSushi/toml"
	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/schema"
)

func TestCheckSaysWhatWasExpected(t *testing.T) {
	epochs := schema.Param{Name: "epochs", Type: schema.Int, HasMin: true, Min: 1}
	rate := schema.Param{Name: "rate", Type: schema.Float, HasMin: true, Min: 0, MinOpen: true, HasMax: true, Max: 1}
	name := schema.Param{Name: "name", Type: schema.String, Choices: []string{"cosine", "step", "constant"}}
	for _, c := range []struct {
		p    schema.Param
		v    schema.Value
		want string
	}{
		{epochs, schema.OfInt(1), ""},
		{epochs, schema.OfInt(0), "expected an integer of at least 1, found 0"},
		{epochs, schema.OfFloat(1), "expected an integer of at least 1, found 1.0"},
		{epochs, schema.OfString("ten"), `expected an integer of at least 1, found "ten"`},
		{rate, schema.OfInt(1), ""},
		{rate, schema.OfFloat(0), "expected a number in (0, 1], found 0.0"},
		{rate, schema.OfFloat(math.NaN()), "expected a number in (0, 1], found nan"},
		{rate, schema.OfFloat(math.Inf(-1)), "expected a number in (0, 1], found -inf"},
		{name, schema.OfString("step"), ""},
		{name, schema.OfString("cosin"), `expected one of cosine, step, constant, found "cosin", did you mean "cosine"?`},
		{schema.Param{Type: schema.Floats}, schema.OfInts(1, 2), ""},
		{schema.Param{Type: schema.Ints}, schema.OfFloats(1, 2), "expected a list of integers, found [1.0, 2.0]"},
	} {
		_, err := c.p.Check(c.v)
		if got := text(err); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.p.Name, c.v, got, c.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestVerifyRefusesContradictions(t *testing.T) {
	good := schema.Param{Name: "alpha", Type: schema.Float, Default: schema.OfFloat(0.1), HasMin: true, HasMax: true, Max: 1}
	if err := good.Verify(); err != nil {
		t.Fatal(err)
	}
	for want, breakIt := range map[string]func(*schema.Param){
		`parameter "a b": expected a name of at most 64 letters, digits and _`: func(p *schema.Param) { p.Name = "a b" },
		`parameter "": expected a name of at most 64 letters, digits and _`:    func(p *schema.Param) { p.Name = "" },
		`parameter alpha: unknown type "flaot", did you mean "float"?`:         func(p *schema.Param) { p.Type = "flaot" },
		"parameter alpha: a range is for numbers, its type is string":          func(p *schema.Param) { p.Type = schema.String },
		"parameter alpha: no value is in [2, 1]":                               func(p *schema.Param) { p.Min = 2 },
		"parameter alpha: its default: expected a number in [0, 1], found 1.5": func(p *schema.Param) { p.Default.F = 1.5 },
		"parameter alpha: its default is of type int, expected float":          func(p *schema.Param) { p.Default = schema.OfInt(1) },
		"parameter alpha: choices are for strings, its type is float":          func(p *schema.Param) { p.Choices = []string{"a"} },
		"parameter alpha: an open bound that is not given":                     func(p *schema.Param) { p.HasMax, p.MaxOpen = false, true },
		"parameter alpha: a bound is no finite number":                         func(p *schema.Param) { p.Min = math.NaN() },
	} {
		p := good
		breakIt(&p)
		if got := text(p.Verify()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"temperature", "symmetric", "lr", "base_lr", "epochs"}
	for name, want := range map[string]string{
		"temprature": "temperature", "tempreature": "temperature", "temp": "temperature",
		"epoch": "epochs", "rl": "lr", "zzzz": "", "": "",
	} {
		if got := schema.Nearest(name, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
}

// What String writes is TOML and reads back as the same value.
func TestStringIsTOML(t *testing.T) {
	value := rapid.OneOf(
		rapid.Map(rapid.String(), schema.OfString),
		rapid.Map(rapid.Float64(), schema.OfFloat),
		rapid.Map(rapid.Int(), schema.OfInt),
		rapid.Map(rapid.Bool(), schema.OfBool),
	)
	rapid.Check(t, func(t *rapid.T) {
		v := value.Draw(t, "value")
		var got struct{ V any }
		if _, err := toml.Decode("V = "+v.String(), &got); err != nil {
			t.Fatalf("%s: %v", v, err)
		}
		var w schema.Value
		switch x := got.V.(type) {
		case string:
			w = schema.OfString(x)
		case float64:
			w = schema.OfFloat(x)
		case int64:
			w = schema.Value{Type: schema.Int, I: x}
		case bool:
			w = schema.OfBool(x)
		}
		if !v.Equal(w) {
			t.Fatalf("wrote %s, read %s", v, w)
		}
	})
}

package wire

import "testing"

func TestFaultsNameTheirParameter(t *testing.T) {
	words := ParamFault("mine/crop", "min_scale", "expected at most max_scale: 0.5").Error()
	if param, text, ok := FaultyParam("mine/crop", words); param != "min_scale" || text != "expected at most max_scale: 0.5" || !ok {
		t.Errorf("%q: parameter %q, text %q, %v", words, param, text, ok)
	}
	for _, c := range [][2]string{{"other/crop", words}, {"mine/crop", "mine/crop: parameter"}, {"mine/crop", "mine/crop: parameter min_scale"}, {"mine/crop", ""}} {
		if param, text, ok := FaultyParam(c[0], c[1]); ok {
			t.Errorf("%q of %s: parameter %q, text %q", c[1], c[0], param, text)
		}
	}
}

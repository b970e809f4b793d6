package isa

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		want      string
		have, use bool
		err       string
	}{
		{"", true, true, ""},
		{"", false, false, ""},
		{"noasm", true, false, ""},
		{"avx2", true, true, ""},
		{"avx2", false, false, "this processor or build has no AVX2"},
		{"avx3", true, true, `expected noasm or avx2, found "avx3"`},
		{"avx3", false, false, `expected noasm or avx2, found "avx3"`},
	} {
		use, err := choose(c.want, c.have)
		if use != c.use {
			t.Errorf("choose(%q, %v) = %v, want %v", c.want, c.have, use, c.use)
		}
		if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("choose(%q, %v): error %v, want %q", c.want, c.have, err, c.err)
		}
	}
}

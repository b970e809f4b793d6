package isa

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	for _, c := range []struct {
		want      string
		have, use Level
		err       string
	}{
		{"", BF16Level, BF16Level, ""},
		{"", Noasm, Noasm, ""},
		{"noasm", AVX512Level, Noasm, ""},
		{"avx2", AVX512Level, AVX2Level, ""},
		{"avx512", BF16Level, AVX512Level, ""},
		{"avx512", AVX2Level, AVX2Level, "goes no higher than avx2"},
		{"avx2", Noasm, Noasm, "goes no higher than noasm"},
		{"avx3", AVX2Level, AVX2Level, `expected noasm, avx2, avx512, avx512bf16, found "avx3"`},
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

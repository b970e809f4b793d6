package kernel

import (
	"fmt"
	"math"
	"testing"

	"github.com/fwlab/fw/core/pool"
)

// The convolution that all three kernels must agree with, in float64.
func naiveConv(s ConvSpec, visit func(x, w, y int)) {
	cg, og := s.C/s.Groups, s.O/s.Groups
	for b := range s.B {
		for oh := range s.OH {
			for ow := range s.OW {
				for o := range s.O {
					for kh := range s.KH {
						for kw := range s.KW {
							ih, iw := oh*s.StrideH-s.PadTop+kh*s.DilH, ow*s.StrideW-s.PadLeft+kw*s.DilW
							if ih < 0 || iw < 0 || ih >= s.H || iw >= s.W {
								continue
							}
							for c := range cg {
								visit(((b*s.H+ih)*s.W+iw)*s.C+o/og*cg+c, ((o*cg+c)*s.KH+kh)*s.KW+kw, ((b*s.OH+oh)*s.OW+ow)*s.O+o)
							}
						}
					}
				}
			}
		}
	}
}

func convSpec(b, h, w, c, o, k, stride, pad, dil, groups int) ConvSpec {
	out := func(n int) int { return (n+2*pad-(k-1)*dil-1)/stride + 1 }
	return ConvSpec{b, h, w, c, out(h), out(w), o, k, k, stride, stride, pad, pad, dil, dil, groups}
}

func TestConv(t *testing.T) {
	for _, s := range []ConvSpec{
		convSpec(1, 1, 1, 1, 1, 1, 1, 0, 1, 1), convSpec(2, 5, 7, 3, 5, 3, 1, 1, 1, 1), convSpec(3, 9, 8, 8, 17, 3, 2, 1, 1, 1),
		convSpec(2, 6, 6, 16, 4, 1, 2, 0, 1, 1), convSpec(1, 11, 11, 1, 8, 7, 2, 3, 1, 1), convSpec(2, 8, 8, 6, 12, 3, 1, 2, 2, 3),
		convSpec(2, 7, 7, 8, 8, 3, 1, 1, 1, 8), convSpec(1, 4, 4, 520, 7, 3, 1, 1, 1, 1), convSpec(4, 16, 16, 3, 20, 4, 4, 0, 1, 1), convSpec(9, 12, 12, 180, 3, 3, 1, 1, 1, 1),
	} {
		nx, nw, ny := s.B*s.H*s.W*s.C, s.O*s.C/s.Groups*s.KH*s.KW, s.B*s.OH*s.OW*s.O
		x, w, dy := random(1, nx), random(2, nw), random(3, ny)
		wy, wx, ww := make([]float64, ny), make([]float64, nx), make([]float64, nw)
		naiveConv(s, func(xi, wi, yi int) {
			wy[yi] += float64(x[xi]) * float64(w[wi])
			wx[xi] += float64(dy[yi]) * float64(w[wi])
			ww[wi] += float64(dy[yi]) * float64(x[xi])
		})
		var first [3][]float32
		for _, workers := range []int{1, 2, 3} {
			p := pool.New(workers)
			y, dx, dw := make([]float32, ny), make([]float32, nx), make([]float32, nw)
			f, b, g := NewConv(s), NewConvTranspose(s), NewConvWeightGrad(s)
			f.Bind(make([]float32, f.Scratch(workers)), y, x, w)
			b.Bind(make([]float32, b.Scratch(workers)), dx, dy, w)
			g.Bind(make([]float32, g.Scratch(workers)), dw, x, dy)
			f.Run(p)
			b.Run(p)
			g.Run(p)
			p.Close()
			for i, got := range [][]float32{y, dx, dw} {
				if workers == 1 {
					first[i] = got
					closeTo(t, fmt.Sprintf("%+v output %d", s, i), got, [][]float64{wy, wx, ww}[i])
				} else if !same(first[i], got) {
					t.Errorf("%+v output %d: bits differ between 1 and %d workers", s, i, workers)
				}
			}
		}
	}
}

func closeTo(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	scale := 1.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i]) - v); !(d <= 1e-5*scale) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, got[i], v)
		}
	}
}

func BenchmarkConv(b *testing.B) {
	for _, c := range []struct {
		name string
		s    ConvSpec
	}{{"stem1@28", convSpec(256, 28, 28, 1, 32, 3, 1, 1, 1, 1)}, {"32@28", convSpec(64, 28, 28, 32, 32, 3, 1, 1, 1, 1)}, {"64@14", convSpec(64, 14, 14, 64, 64, 3, 1, 1, 1, 1)}, {"64/2", convSpec(64, 28, 28, 32, 64, 3, 2, 1, 1, 1)}, {"256@8", convSpec(32, 8, 8, 256, 256, 3, 1, 1, 1, 1)}} {
		s := c.s
		p := pool.New(2)
		x, w, y := random(1, s.B*s.H*s.W*s.C), random(2, s.O*s.C*s.KH*s.KW), random(3, s.B*s.OH*s.OW*s.O)
		f, d, g := NewConv(s), NewConvTranspose(s), NewConvWeightGrad(s)
		f.Bind(make([]float32, f.Scratch(2)), y, x, w)
		d.Bind(make([]float32, d.Scratch(2)), x, y, w)
		g.Bind(make([]float32, g.Scratch(2)), w, x, y)
		for _, k := range []struct {
			name string
			k    Kernel
		}{{"forward", f}, {"input", d}, {"weight", g}} {
			b.Run(c.name+"/"+k.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					k.k.Run(p)
				}
				b.ReportMetric(float64(s.FLOPs())*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
		p.Close()
	}
}

package vec

import "testing"

func BenchmarkL1(b *testing.B) {
	const n = 1024
	x, y, z, m := normals(1, n), normals(2, n), make([]float32, n), make([]uint32, n)
	var sink float32
	for _, c := range []struct {
		name  string
		bytes int64
		run   func()
	}{
		{"Add", 12, func() { Add(z, x, y) }},
		{"Max", 12, func() { Max(z, x, y) }},
		{"LT", 12, func() { LT(m, x, y) }},
		{"Select", 16, func() { Select(z, m, x, y) }},
		{"FMA", 16, func() { FMA(z, x, y, x) }},
		{"Exp", 8, func() { Exp(z, x) }},
		{"Log", 8, func() { Log(z, x) }},
		{"Tanh", 8, func() { Tanh(z, x) }},
		{"Logistic", 8, func() { Logistic(z, x) }},
		{"Erf", 8, func() { Erf(z, x) }},
		{"Sum", 4, func() { sink += Sum(x) }},
		{"Dot", 8, func() { sink += Dot(x, y) }},
		{"MaxOf", 4, func() { sink += MaxOf(x) }},
		{"ColSum", 4, func() { ColSum(z[:64], x, n/64) }},
		{"ColMoments", 4, func() { ColMoments(z[:64], z[64:128], x, y[:64], n/64) }},
		{"ColDots", 8, func() { ColDots(z[:64], z[64:128], y, x, Gate{}, nil, y[:64], n/64) }},
		{"ColAffine", 8, func() { ColAffine(z, x, nil, y[:64], y[64:128], y[128:192], n/64, true) }},
		{"ExpSum", 8, func() { sink += ExpSum(z, x, 1) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(c.bytes * n)
			for b.Loop() {
				c.run()
			}
		})
	}
	_ = sink
}

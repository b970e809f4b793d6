package tile

import "testing"

func BenchmarkPack(b *testing.B) {
	src, dst := normal(1, 512*512), make([]float32, 512*520)
	b.Run("A transposed", func(b *testing.B) {
		b.SetBytes(4 * 512 * 512)
		for b.Loop() {
			for k0 := 0; k0 < 512; k0 += 256 {
				for m := 0; m < 512; m += 96 {
					PackA(dst[k0*516+m*256:], src[m+k0*512:], 1, 512, min(96, 512-m), 256)
				}
			}
		}
	})
	b.Run("B", func(b *testing.B) {
		b.SetBytes(4 * 512 * 512)
		for b.Loop() {
			for k0 := 0; k0 < 512; k0 += 256 {
				for n := 0; n < 512; n += 128 {
					PackB(dst[k0*512+n*256:], src[n+k0*512:], 512, 1, 256, 128)
				}
			}
		}
	})
	b.Run("B transposed", func(b *testing.B) {
		b.SetBytes(4 * 512 * 512)
		for b.Loop() {
			for k0 := 0; k0 < 512; k0 += 256 {
				for n := 0; n < 512; n += 128 {
					PackB(dst[k0*512+n*256:], src[n*512+k0:], 1, 512, 256, 128)
				}
			}
		}
	})
}

package pix

// JFIF writes the colours of a row as interleaved RGB, rounded as libjpeg does;
// image/color adds up to a level's 257th and cuts.
func JFIF(dst, y, cb, cr []uint8) {
	n := whole(len(y), 2*octet)
	if n > 0 {
		avx2JFIF(&dst[:3*n][0], &y[0], &cb[:n][0], &cr[:n][0], n)
	}
	for i := n; i < len(y); i++ {
		scaled, blue, red := int32(y[i])<<16+1<<15, int32(cb[i])-128, int32(cr[i])-128
		dst[3*i] = level16(scaled + 91881*red)
		dst[3*i+1] = level16(scaled - 22554*blue - 46802*red)
		dst[3*i+2] = level16(scaled + 116130*blue)
	}
}

// level16 is a level with 16 bits of fraction, cut and clipped.
func level16(x int32) uint8 { return uint8(max(0, min(255, x>>16))) }

// levels is each grey level in [0,1].
var levels = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(i) / 255
	}
	return t
}()

// ToFloat writes levels in [0,1].
func ToFloat(dst []float32, src []uint8) {
	for i, x := range src {
		dst[i] = levels[x]
	}
}

// Normalize is ToFloat, then less the mean and divided by std of the element's
// channel: as many as there are means.
func Normalize(dst []float32, src []uint8, mean, std []float32) {
	c := len(mean)
	n := whole(len(src), octetBytes)
	if n > 0 {
		var m, s [octetBytes]float32 // both numbers of channels divide it
		for i := range m {
			m[i], s[i] = mean[i%c], std[i%c]
		}
		avx2Normalize(&dst[:n][0], &src[0], &m[0], &s[0], n)
	}
	for i := n; i < len(src); i++ {
		dst[i] = (levels[src[i]] - mean[i%c]) / std[i%c]
	}
}

package sdk

// LabToRGB is sRGB in [0,1] of CIE L*a*b* under D65, f32[...,3] each; what no screen
// can show is cut off. It undoes [Image.Lab].
func LabToRGB(lab Value) Value {
	b, last := lab.Builder(), lab.Rank()-1
	light, green, blue := lab.Slice(last, 0, 1), lab.Slice(last, 1, 2), lab.Slice(last, 2, 3)
	y := light.AddConst(16).Scale(1. / 116)
	f := b.Concat(last, y.Add(green.Scale(1./500)), y, y.Sub(blue.Scale(1./200)))
	xyz := f.MoreThan(6./29).Where(f.Mul(f).Mul(f), f.AddConst(-16./116).Scale(1/7.787)) // shares of white
	linear := xyz.MatMul(b.Constant(Dims(3, 3), []float64{
		3.24048134 * 0.95047, -0.96925495 * 0.95047, 0.05564664 * 0.95047,
		-1.53715152, 1.87599, -0.20404134,
		-0.49853633 * 1.08883, 0.04155593 * 1.08883, 1.05731107 * 1.08883}))
	curve := linear.MaxConst(0.0031308).PowConst(1 / 2.4).Scale(1.055).AddConst(-0.055)
	return linear.MoreThan(0.0031308).Where(curve, linear.Scale(12.92)).Clip(0, 1)
}

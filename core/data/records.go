package data

import (
	"fmt"
	"math"
)

// records is images of one size in memory.
type records struct {
	name    string
	pix     []uint8 // [N,H,W,C]
	labels  []uint8 // [N], or nil
	h, w, c int
}

func (r *records) Len() int { return len(r.pix) / (r.h * r.w * r.c) }

func (r *records) Decode(i int) (Image, error) {
	n := r.h * r.w * r.c
	return Image{r.pix[i*n : (i+1)*n : (i+1)*n], r.h, r.w, r.c}, nil
}

func (r *records) Label(i int) (int, bool) {
	if r.labels == nil {
		return 0, false
	}
	return int(r.labels[i]), true
}

func (r *records) ID(i int) string { return fmt.Sprintf("%s[%d]", r.name, i) }

// moments is the mean and deviation of each channel over all pixels, in [0,1].
func (r *records) moments() (mean, std []float64) {
	n := float64(len(r.pix) / r.c)
	for c := range r.c {
		var sum, squares uint64
		for i := c; i < len(r.pix); i += r.c {
			v := uint64(r.pix[i])
			sum += v
			squares += v * v
		}
		m := float64(sum) / n
		d := math.Sqrt(math.Max(0, float64(squares)/n-m*m))
		if d == 0 { // one colour: there is nothing to scale
			d = 255
		}
		mean, std = append(mean, m/255), append(std, d/255)
	}
	return mean, std
}

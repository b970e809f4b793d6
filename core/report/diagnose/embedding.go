package diagnose

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Std is the spread of embeddings f32[n,d], row-major: each row is divided by
// its length, then the standard deviation over rows is averaged over the d
// columns. Even spread over the sphere gives 1/sqrt(d), one point gives 0 (Chen
// & He 2021, section 4.1). Rows of length zero stay zero.
func Std(z []float32, n, d int) (float64, error) {
	if err := check(z, n, d); err != nil {
		return 0, err
	}
	sum, square := make([]float64, d), make([]float64, d)
	for i := range n {
		row := z[i*d : (i+1)*d]
		var length float64
		for _, v := range row {
			length += float64(v) * float64(v)
		}
		if length == 0 {
			continue
		}
		inverse := 1 / math.Sqrt(length)
		for j, v := range row {
			x := float64(v) * inverse
			sum[j] += x
			square[j] += x * x
		}
	}
	var total float64
	for j := range d {
		m := sum[j] / float64(n)
		total += math.Sqrt(max(0, square[j]/float64(n)-m*m))
	}
	return total / float64(d), nil
}

// RankMe is the effective rank of embeddings f32[n,d], row-major: the
// exponential of the entropy of their singular values, p_k = s_k/|s|_1 + 1e-7.
// It lies between 1 and min(n,d) (Garrido et al. 2023, eq. 1). Its cost grows
// with n*d*min(n,d).
func RankMe(z []float32, n, d int) (float64, error) {
	if err := check(z, n, d); err != nil {
		return 0, err
	}
	m := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			m.Set(i, j, float64(z[i*d+j]))
		}
	}
	var svd mat.SVD
	if !svd.Factorize(m, mat.SVDNone) {
		return 0, errors.New("rankme: the singular values of the embeddings did not converge")
	}
	values := svd.Values(nil)
	var sum float64
	for _, s := range values {
		sum += s
	}
	if sum == 0 {
		return 1, nil
	}
	var entropy float64
	for _, s := range values {
		p := s/sum + 1e-7
		entropy -= p * math.Log(p)
	}
	return math.Exp(entropy), nil
}

func check(z []float32, n, d int) error {
	if n < 1 || d < 1 || len(z) != n*d {
		return fmt.Errorf("embeddings: expected %d x %d values, at least one, found %d", n, d, len(z))
	}
	for i, v := range z {
		if v != v || math.IsInf(float64(v), 0) {
			return fmt.Errorf("embeddings: sample %d, dimension %d is %v", i/d, i%d, v)
		}
	}
	return nil
}

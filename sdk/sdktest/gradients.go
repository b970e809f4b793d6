package sdktest

import (
	"fmt"
	"math"

	"github.com/fwlab/fw/core/interp"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
)

// points is at how many random inputs gradients are compared.
const points = 4

// gradients compares them with central differences of the value in two directions:
// along the gradient, where an error of its size shows best, and a random one. What
// a stopped gradient holds constant is held. Where differences of two widths
// disagree the loss has a kink in between, and the point says nothing.
func (p *subject) gradients() (string, error) {
	in, err := p.probe(1)
	if err != nil {
		return "", err
	}
	f, err := p.function(in)
	if err != nil {
		return "", err
	}
	smooth, worst := 0, 0.0
	for seed := range uint64(points) {
		in, err := p.probe(10 + seed)
		if err != nil {
			return "", err
		}
		_, grads, held, err := f(in, nil)
		if err != nil {
			return "", err
		}
		length := 0.0
		for _, g := range grads {
			length += dot(g.V, g.V)
		}
		length = math.Sqrt(length)
		for _, v := range directions(grads, length, seed) {
			expected := 0.0
			for i := range grads {
				expected += dot(grads[i].V, v[i])
			}
			wide, err := slope(f, in, held, v, 2e-2)
			if err != nil {
				return "", err
			}
			narrow, err := slope(f, in, held, v, 1e-2)
			if err != nil {
				return "", err
			}
			if tolerance := 1e-3 + 0.02*length; math.Abs(wide-narrow) <= tolerance {
				smooth++
				off := math.Abs(narrow-expected) / tolerance
				worst = max(worst, off)
				if !(off <= 1) {
					return "", fmt.Errorf("at random inputs of seed %d the gradient's slope is %.6g, central differences give %.6g", 10+seed, expected, narrow)
				}
			}
		}
	}
	if smooth == 0 {
		return "", Skipped("none of %d points is smooth enough for central differences", points)
	}
	return fmt.Sprintf("%d slopes agree with central differences, the worst at %.0f %% of what is allowed", smooth, 100*worst), nil
}

// directions are of length 1: the gradient's, where it has one, and a random one.
func directions(grads []interp.Tensor, length float64, seed uint64) (list [][][]float64) {
	var along, random [][]float64
	s, sum := rng.New(seed).Fold(1).Stream(), 0.0
	for _, g := range grads {
		a, r := append([]float64(nil), g.V...), make([]float64, len(g.V))
		scale(a, 1/length)
		for i := range r {
			r[i] = s.Normal()
		}
		sum += dot(r, r)
		along, random = append(along, a), append(random, r)
	}
	for _, r := range random {
		scale(r, 1/math.Sqrt(sum))
	}
	if length > 0 {
		list = append(list, along)
	}
	return append(list, random)
}

// slope is the derivative of f at in along v, by central differences of half-width h.
func slope(f function, in []interp.Tensor, held map[ir.ID]interp.Tensor, v [][]float64, h float64) (float64, error) {
	at := func(t float64) (float64, error) {
		moved := make([]interp.Tensor, len(in))
		k := 0
		for i, x := range in {
			moved[i] = x
			if !x.Shape.DType.Float() {
				continue
			}
			moved[i].V = append([]float64(nil), x.V...)
			for j := range x.V {
				moved[i].V[j] = float64(float32(x.V[j] + t*v[k][j]))
			}
			k++
		}
		value, _, _, err := f(moved, held)
		return value, err
	}
	up, err := at(h)
	if err != nil {
		return 0, err
	}
	down, err := at(-h)
	return (up - down) / (2 * h), err
}

// chance evaluates the loss where its inputs say nothing: value and gradients must
// be numbers there too, as at the start of a training or after a collapse.
func (p *subject) chance() (string, error) {
	in, err := p.silence()
	if err != nil {
		return "", err
	}
	f, err := p.function(in)
	if err != nil {
		return "", err
	}
	value, grads, _, err := f(in, nil)
	if err != nil {
		return "", err
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "", fmt.Errorf("inputs that say nothing, all rows alike, give %v", value)
	}
	for i, g := range grads {
		for _, x := range g.V {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return "", fmt.Errorf("inputs that say nothing, all rows alike, give a gradient of input %d with %v; add a small number under a root or in a denominator", i, x)
			}
		}
	}
	detail := fmt.Sprintf("inputs that say nothing give %.5g", value)
	for k := 2; k < 256; k++ { // of guesses among k
		if math.Abs(value-math.Log(float64(k))) < 1e-4 {
			detail += fmt.Sprintf(" = ln %d", k)
		}
	}
	return detail, nil
}

package relativeposition

import (
	"math"
	"testing"
)

// Made small and large again a row keeps its mean brightness where it is even, has as
// few different slopes as the small one has pixels, and the last side changes nothing.
func TestCoarseness(t *testing.T) {
	const size = 20
	all := coarseness(size)
	if len(all) != sides*size*size {
		t.Fatalf("%d elements", len(all))
	}
	for k := range sides {
		var trace float64
		for i := range size {
			row := all[(k*size+i)*size:][:size]
			sum := 0.0
			for _, w := range row {
				if w < 0 {
					t.Fatalf("side %d: a weight of %v", k, w)
				}
				sum += w
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Errorf("side %d: the weights of pixel %d add to %v", k, i, sum)
			}
			trace += row[i]
		}
		if last := k == sides-1; last != (math.Abs(trace-size) < 1e-9) || k == 0 && trace > 3 {
			t.Errorf("side %d: the trace is %v", k, trace)
		}
	}
}

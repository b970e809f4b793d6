package pool

import (
	"sync/atomic"
	"testing"
)

type countTask struct{ n atomic.Int64 }

func (c *countTask) Chunk(int, int) { c.n.Add(1) }

// Each Run leaves one span for each worker, in order, until there is no more room.
func TestLanes(t *testing.T) {
	for _, workers := range []int{1, 2, 3} {
		p := New(workers)
		p.Run(8, &countTask{})
		l := p.Watch(4)
		for range 6 {
			p.Run(8, &countTask{})
		}
		if len(l.Workers()) != workers {
			t.Fatalf("%d lanes for %d workers", len(l.Workers()), workers)
		}
		for w, spans := range l.Workers() {
			if len(spans) != 4 {
				t.Errorf("worker %d of %d: %d spans, expected 4", w, workers, len(spans))
			}
			for i, s := range spans {
				if s.End < s.Start || i > 0 && s.Start < spans[i-1].End {
					t.Errorf("worker %d of %d: span %d is %v, after %v", w, workers, i, s, spans[:i])
				}
			}
		}
		next := p.Watch(1)
		p.Run(1, &countTask{})
		if got := len(next.Workers()[0]); got != 1 {
			t.Errorf("a run of one chunk leaves %d spans of worker 0", got)
		}
		task := &countTask{}
		if n := testing.AllocsPerRun(10, func() { p.Run(8, task) }); n != 0 {
			t.Errorf("%v allocations a run", n)
		}
		p.Close()
	}
}

package pool

import (
	"sync/atomic"
	"testing"
)

type count struct{ hits []atomic.Int32 }

func (c *count) Chunk(i, worker int) { c.hits[i].Add(1) }

func TestEveryChunkRunsOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 8} {
		p := New(workers)
		for n := range 50 {
			c := &count{make([]atomic.Int32, n)}
			for range 20 {
				p.Run(n, c)
			}
			for i := range c.hits {
				if got := c.hits[i].Load(); got != 20 {
					t.Fatalf("%d workers, %d chunks: chunk %d ran %d times of 20", workers, n, i, got)
				}
			}
		}
		p.Close()
	}
}

type bomb struct{}

func (bomb) Chunk(i, worker int) {
	if i == 3 {
		panic("chunk 3")
	}
}

func TestPanicReachesTheCaller(t *testing.T) {
	p := New(2)
	defer p.Close()
	defer func() {
		if v := recover(); v != "chunk 3" {
			t.Errorf("recovered %v, want chunk 3", v)
		}
		p.Run(4, &count{make([]atomic.Int32, 4)}) // the pool still works
	}()
	p.Run(10, bomb{})
}

func TestRunDoesNotAllocate(t *testing.T) {
	p := New(2)
	defer p.Close()
	c := &count{make([]atomic.Int32, 16)}
	if n := testing.AllocsPerRun(100, func() { p.Run(16, c) }); n != 0 {
		t.Errorf("Run allocates %v times", n)
	}
}

// Package pool owns the worker pool: the one place where work is spread over
// cores. Results never depend on the number of workers, because callers cut
// work into chunks that do not depend on it, and each chunk writes its own
// place. Start from [Pool].
package pool

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Task is work cut into chunks. Run calls Chunk once for each i in [0,n);
// worker is in [0, Workers) and names the scratch memory the call may use.
type Task interface {
	Chunk(i, worker int)
}

// Pool runs tasks on a fixed number of workers, of which the caller is one.
// Workers spin briefly for the next task and then park. A Pool runs one task
// at a time; Run allocates nothing.
type Pool struct {
	workers int
	mu      sync.Mutex // held by Run: one task at a time

	task    Task
	n       int64
	next    atomic.Int64 // next chunk to take
	working atomic.Int64 // helpers inside the current task
	epoch   atomic.Uint64
	closed  atomic.Bool

	parkMu sync.Mutex
	park   *sync.Cond
	wg     sync.WaitGroup
	failed atomic.Pointer[chunkPanic]
	lanes  *Lanes
}

type chunkPanic struct{ value any }

// spins is how often a worker looks for the next task before it parks, some 20
// microseconds: longer than what lies between two kernels of a step.
const spins = 50000

// New starts a pool of the given number of workers, at least 1; 0 means one per core.
func New(workers int) *Pool {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{workers: workers}
	p.park = sync.NewCond(&p.parkMu)
	p.wg.Add(workers - 1)
	for w := 1; w < workers; w++ {
		go p.helper(w)
	}
	return p
}

// Workers is the number of workers, the caller of Run included.
func (p *Pool) Workers() int { return p.workers }

// Run calls t.Chunk(i, worker) for every i in [0,n) and returns when all are
// done. A panic in a chunk is raised again here once the others have stopped.
func (p *Pool) Run(n int, t Task) {
	if n <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if n == 1 || p.workers == 1 {
		began := p.lanes.now()
		for i := range n {
			t.Chunk(i, 0)
		}
		p.lanes.add(0, began)
		return
	}
	p.task, p.n = t, int64(n)
	p.next.Store(0)
	p.working.Store(int64(p.workers - 1))
	p.parkMu.Lock()
	p.epoch.Add(1)
	p.parkMu.Unlock()
	p.park.Broadcast()
	p.work(0)
	for spin := 0; p.working.Load() > 0; spin++ {
		if spin > spins {
			runtime.Gosched()
		}
	}
	p.task = nil
	if f := p.failed.Swap(nil); f != nil {
		panic(f.value)
	}
}

func (p *Pool) work(worker int) {
	defer func() {
		if v := recover(); v != nil {
			p.failed.CompareAndSwap(nil, &chunkPanic{v})
			p.next.Store(p.n)
		}
	}()
	began := p.lanes.now()
	for {
		i := p.next.Add(1) - 1
		if i >= p.n {
			p.lanes.add(worker, began)
			return
		}
		p.task.Chunk(int(i), worker)
	}
}

func (p *Pool) helper(worker int) {
	defer p.wg.Done()
	seen := uint64(0)
	for {
		for spin := 0; p.epoch.Load() == seen && spin < spins; spin++ {
		}
		if p.epoch.Load() == seen {
			p.parkMu.Lock()
			for p.epoch.Load() == seen {
				p.park.Wait()
			}
			p.parkMu.Unlock()
		}
		seen++
		if p.closed.Load() {
			return
		}
		p.work(worker)
		p.working.Add(-1)
	}
}

// Close stops the workers. The pool must not be used afterwards.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Swap(true) {
		return
	}
	p.parkMu.Lock()
	p.epoch.Add(1)
	p.parkMu.Unlock()
	p.park.Broadcast()
	p.wg.Wait()
}

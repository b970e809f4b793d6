package kernel

import "github.com/fwlab/fw/core/pool"

// Loop is a kernel made of functions bound to their buffers: phase after
// phase, each cut into n chunks.
type Loop []Phase

// Phase calls f(i, worker) for i < n.
type Phase struct {
	n int
	f func(i, worker int)
}

// Chunk runs one piece of the phase.
func (ph *Phase) Chunk(i, worker int) { ph.f(i, worker) }

func (l Loop) Run(p *pool.Pool) {
	for i := range l {
		p.Run(l[i].n, &l[i])
	}
}

func loop(n int, f func(i, worker int)) Loop { return Loop{{n, f}} }

// rowsOf gives the number of rows of c elements that make a chunk of about 16,384 elements.
func rowsOf(c int) int { return max(1, 16384/c) }

package train

import (
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/view"
)

// loaderBatches is how many batches are filled or waiting while one is used.
const loaderBatches = 2

// loader fills the batch, or the part of one, after that in use, on workers of its
// own. What it fills is a function of the step, so that it never depends on timing.
type loader struct {
	ready chan loaded
	free  chan *view.Program
	quit  chan struct{}
	done  chan struct{}
}

type loaded struct {
	program *view.Program
	indices []int
	skipped []view.Replacement
	err     error
}

func newLoader(t *Trainer) *loader {
	l := &loader{make(chan loaded, 1), make(chan *view.Program, 3), make(chan struct{}), make(chan struct{})}
	for range loaderBatches {
		l.free <- t.program.Fork()
	}
	workers := pool.New(t.Workers)
	go func() {
		defer close(l.done)
		defer workers.Close()
		per := t.StepsPerEpoch() * t.parts()
		var order []int
		for part, epoch := t.Step*t.parts(), -1; ; part++ {
			if e := part / per; e != epoch {
				epoch, order = e, data.Order(t.root, e, t.Data.Len())
			}
			var p *view.Program
			select {
			case p = <-l.free:
			case <-l.quit:
				return
			}
			p.Boxes = t.boxesIn(epoch)
			b := loaded{program: p, indices: t.drawn(order[part%per*t.Facts.Batch:][:t.Facts.Batch])}
			b.skipped, b.err = p.Fill(workers, b.indices, t.viewKey(epoch))
			select {
			case l.ready <- b:
			case <-l.quit:
				return
			}
		}
	}()
	return l
}

func (l *loader) stop() {
	close(l.quit)
	<-l.done
}

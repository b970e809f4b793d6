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
		for s := newSource(t); ; {
			var p *view.Program
			select {
			case p = <-l.free:
			case <-l.quit:
				return
			}
			select {
			case l.ready <- s.next(p, workers):
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

// source fills batches, or the parts of them, one after another.
type source struct {
	t     *Trainer
	part  int // the next, counted from the first step
	epoch int
	order []int // of epoch
}

func newSource(t *Trainer) *source { return &source{t: t, part: t.Step * t.parts(), epoch: -1} }

func (s *source) next(p *view.Program, workers *pool.Pool) loaded {
	t := s.t
	per := t.StepsPerEpoch() * t.parts()
	if e := s.part / per; e != s.epoch {
		s.epoch, s.order = e, data.Order(t.root, e, t.Data.Len())
	}
	p.Boxes = t.boxesIn(s.epoch)
	b := loaded{program: p, indices: t.drawn(s.order[s.part%per*t.Facts.Batch:][:t.Facts.Batch])}
	b.skipped, b.err = p.Fill(workers, b.indices, t.viewKey(s.epoch))
	s.part++
	return b
}

// LoadAlone fills the batches that come next with nothing beside it, and drops them;
// done is told how long each took. It goes on while done says so.
func (t *Trainer) LoadAlone(done func(view.Timing) (more bool)) error {
	p := t.program.Fork()
	for s := newSource(t); ; {
		b := s.next(p, t.Pool)
		if b.err != nil {
			return b.err
		}
		if !done(p.Timing) {
			return nil
		}
	}
}

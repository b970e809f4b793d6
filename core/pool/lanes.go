package pool

import "time"

// Lanes is when each worker had chunks to do, for a trace. It keeps the first
// spans, as many as there is room for, and allocates nothing.
type Lanes struct {
	began time.Time
	spans [][]Span // by worker
}

// Span is one worker's part of one Run, since the Lanes were made.
type Span struct{ Start, End time.Duration }

// Watch records from now on, with room for n spans a worker; the last Lanes get no
// more. It waits for the Run in progress.
func (p *Pool) Watch(n int) *Lanes {
	l := &Lanes{began: time.Now(), spans: make([][]Span, p.workers)}
	for i := range l.spans {
		l.spans[i] = make([]Span, 0, n)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lanes = l
	return l
}

// Began is the time that spans count from.
func (l *Lanes) Began() time.Time { return l.began }

// Workers is the spans of each worker, in order of time. It is read between Runs.
func (l *Lanes) Workers() [][]Span { return l.spans }

// now and add do nothing without Lanes, so that a Run that nobody watches reads no clock.
func (l *Lanes) now() time.Duration {
	if l == nil {
		return 0
	}
	return time.Since(l.began)
}

func (l *Lanes) add(worker int, began time.Duration) {
	if l != nil && len(l.spans[worker]) < cap(l.spans[worker]) {
		l.spans[worker] = append(l.spans[worker], Span{began, time.Since(l.began)})
	}
}

package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/fwlab/fw/core/report/chart"
)

// timeOf is fw's time per step by batch.
type timeOf struct {
	Row     string  `json:"row"`
	Threads int     `json:"threads"`
	Points  []point `json:"points"`
}

type point struct {
	Batch int     `json:"batch"`
	MS    float64 `json:"ms_per_step"`
}

// The sweep's row and batches.
const (
	sweepRow = "simclr-resnet18-w16"
	plotName = "step-time-by-batch.svg"
)

var sweepBatches = []int{16, 32, 64, 128, 256, 512}

// sweep measures all batches in turns.
func sweep(ctx context.Context, b *bench) error {
	r := table[slices.Index(rowNames(), sweepRow)]
	if lack := b.m.lacksFW(ctx, &r, "f32"); lack != "" {
		b.say("sweep: fw is left out: %s", lack)
		return nil
	}
	s := &timeOf{Row: sweepRow, Threads: slices.Max(b.Threads)}
	var all []contestant
	for _, n := range sweepBatches {
		at := r
		at.batch = n
		all = append(all, contestant{row: &at, precision: "f32", threads: s.Threads})
	}
	turns, err := alternate(ctx, b, all)
	if err != nil {
		return err
	}
	for i, c := range all {
		s.Points = append(s.Points, point{c.row.batch, newSide(turns[i]).MS})
	}
	b.r.Sweep = s
	return b.save()
}

// line is ms = a + b*batch that is nearest to the points in relative distance
// (least squares of (a + b*n - ms)/ms), with the farthest point's.
func (s *timeOf) line() (a, b, farthest float64) {
	var w, wn, wnn, u, un float64 // sums of 1, n, n^2 over ms^2, and of 1, n over ms
	for _, p := range s.Points {
		n, q := float64(p.Batch), 1/p.MS
		w, wn, wnn = w+q*q, wn+n*q*q, wnn+n*n*q*q
		u, un = u+q, un+n*q
	}
	det := w*wnn - wn*wn
	a, b = (u*wnn-un*wn)/det, (w*un-wn*u)/det
	for _, p := range s.Points {
		farthest = max(farthest, math.Abs((a+b*float64(p.Batch))/p.MS-1))
	}
	return a, b, farthest
}

// plot draws the sweep; nil if there is none.
func (r *results) plot() []byte {
	s := r.Sweep
	if s == nil || len(s.Points) < 2 {
		return nil
	}
	a, b, _ := s.line()
	measured, fit := chart.Series{Name: "fw", Dots: true}, chart.Series{Name: "line"}
	for _, p := range s.Points {
		n := float64(p.Batch)
		measured.X, measured.Y = append(measured.X, n), append(measured.Y, p.MS)
		fit.X, fit.Y = append(fit.X, n), append(fit.Y, a+b*n)
	}
	return chart.Chart{Label: "time per step by batch, " + s.Row, XName: "batch", Unit: " ms", Series: []chart.Series{measured, fit}, Include: []float64{0},
		Value: func(v float64) string { return fmt.Sprintf("%.0f", v) }}.File()
}

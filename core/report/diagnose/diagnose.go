// Package diagnose owns the judgement of a run: what its losses, embeddings and
// probes say about it, in plain words. It is pure: it reads numbers and returns
// sentences. Start from [Look]; [Std] and [RankMe] measure embeddings.
package diagnose

import (
	"fmt"
	"math"
)

// Evidence is what is known of a run. What is zero or empty was not measured.
type Evidence struct {
	Loss    []float64 // of training, in order, one a step or one a log line
	Classes int       // K, where guessing among K gives a loss of ln K
	Std     float64   // of embeddings, by Std
	Dim     int       // of embeddings; 0: Std and RankMe were not measured
	RankMe  float64   // of embeddings, by RankMe
	Samples int       // embeddings that RankMe saw
	Spread  []float64 // of the training's own embeddings, in order: 1 evenly over the sphere, 0 a point
	Probes  []Probe
}

// Probe is an evaluation of the trained encoder beside what cost no training.
type Probe struct {
	Name   string  // as printed, "kNN"
	Top1   float64 // percent
	Floors []Floor
}

// Floor is what a trained encoder should exceed.
type Floor struct {
	Name string // as printed, "the untrained encoder"
	Top1 float64
}

// Warning is one finding. Codes are stable; messages are for people.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// The codes of warnings.
const (
	LossNotFinite  = "loss-not-finite"
	LossAtChance   = "loss-at-chance"
	LossNotFalling = "loss-not-falling"
	Collapsed      = "collapsed"
	NearCollapse   = "near-collapse"
	LowRank        = "low-rank"
	BelowFloor     = "below-floor"
)

// Thresholds. The levels ln K and 1/sqrt(D) are the literature's; how near is
// near is chosen here, wide enough to stay silent on healthy runs.
const (
	// MinLosses is how many losses there must be before they are judged: every
	// run starts at chance.
	MinLosses = 60
	// AtChance is how near to ln K, as a share of it, a loss counts as there.
	// Known cases sat within 0.1 %: 6.24 = ln 512, 8.32 = ln 4097
	// (lightly#736, lightly#1007), 8.006 = ln 3000 for 3000 prototypes.
	AtChance = 0.01
	// StillFalling is a fall from one window to the next, as a share of the
	// loss's size, from which on a run near chance is left alone.
	StillFalling = 0.002
	// CollapsedStd and LowStd are shares of 1/sqrt(D), the std of embeddings
	// spread evenly over the sphere (Chen & He 2021, section 4.1, fig. 2).
	CollapsedStd = 0.01
	LowStd       = 0.1
	// LowRankShare of min(N, D): RankMe ranks runs, and its paper (Garrido et
	// al. 2023) gives no level; healthy runs lie far above this one.
	LowRankShare = 0.02
)

// Look says what is wrong, the gravest first; nothing if nothing is.
func Look(e Evidence) []Warning {
	var found []Warning
	for _, look := range []func(Evidence) (Warning, bool){lossFinite, collapse, embedding, chance, falling, rank} {
		if w, ok := look(e); ok {
			found = append(found, w)
		}
	}
	for _, p := range e.Probes {
		for _, f := range p.Floors {
			if p.Top1 <= f.Top1 {
				found = append(found, Warning{BelowFloor, fmt.Sprintf("%s gives %.1f %%, %s alone %.1f %%: training has not paid yet; train longer, or look whether the views keep what tells the classes apart", p.Name, p.Top1, f.Name, f.Top1)})
			}
		}
	}
	return found
}

func lossFinite(e Evidence) (Warning, bool) {
	for i, v := range e.Loss {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Warning{LossNotFinite, fmt.Sprintf("the loss is %v from record %d on: lower the learning rate or warm it up for longer; with a small temperature look for embeddings of length zero", v, i+1)}, true
		}
	}
	return Warning{}, false
}

// windows are the means of the first, the last but one and the last tenth of
// the losses; ok is false where there are too few, or one is not finite.
func (e Evidence) windows() (first, before, last float64, ok bool) {
	n := len(e.Loss)
	if _, bad := lossFinite(e); bad || n < MinLosses {
		return 0, 0, 0, false
	}
	k := n / 10
	return mean(e.Loss[:k]), mean(e.Loss[n-2*k : n-k]), mean(e.Loss[n-k:]), true
}

func mean(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func (e Evidence) atChance() (level, last float64, at bool) {
	_, before, last, ok := e.windows()
	level = math.Log(float64(e.Classes))
	at = ok && e.Classes > 1 && math.Abs(last-level) < AtChance*level && before-last < StillFalling*level
	return level, last, at
}

func chance(e Evidence) (Warning, bool) {
	_, last, at := e.atChance()
	return Warning{LossAtChance, fmt.Sprintf("the loss sits at %.2f = ln %d: as good as guessing among %d. Either the embeddings have collapsed, or target and prediction are wired to different samples", last, e.Classes, e.Classes)}, at
}

func falling(e Evidence) (Warning, bool) {
	first, _, last, ok := e.windows()
	_, _, at := e.atChance()
	return Warning{LossNotFalling, fmt.Sprintf("the loss went from %.3g to %.3g. With a moving target or a growing queue this is normal: trust the probes; otherwise the learning rate is too high or too low", first, last)}, ok && !at && last >= first
}

func collapse(e Evidence) (Warning, bool) {
	if e.Dim < 1 {
		return Warning{}, false
	}
	even := 1 / math.Sqrt(float64(e.Dim))
	switch {
	case e.Std < CollapsedStd*even:
		return Warning{Collapsed, fmt.Sprintf("std %.2g: the embeddings have collapsed to a point (spread evenly over %d dimensions it would be %.3f). Every image gives the same vector: look at stop-gradients, at batch normalisation in the heads, and at the learning rate", e.Std, e.Dim, even)}, true
	case e.Std < LowStd*even:
		return Warning{NearCollapse, fmt.Sprintf("std %.2g: the embeddings lie close together (spread evenly over %d dimensions it would be %.3f), and may be about to collapse: watch collapse/std", e.Std, e.Dim, even)}, true
	}
	return Warning{}, false
}

// embedding judges what the loss sees, where the features of the encoder before it
// may still differ.
func embedding(e Evidence) (Warning, bool) {
	if _, gone := collapse(e); gone || len(e.Spread) == 0 {
		return Warning{}, false
	}
	switch last := e.Spread[len(e.Spread)-1]; {
	case last < CollapsedStd:
		return Warning{Collapsed, fmt.Sprintf("train/spread %.2g: the embeddings that the loss sees have collapsed to a point (1 would be evenly over the sphere): look at stop-gradients, predictors and the normalisation of the heads", last)}, true
	case last < LowStd:
		return Warning{NearCollapse, fmt.Sprintf("train/spread %.2g: the embeddings that the loss sees lie close together (1 would be evenly over the sphere), and may be about to collapse", last)}, true
	}
	return Warning{}, false
}

func rank(e Evidence) (Warning, bool) {
	full := min(e.Dim, e.Samples)
	if _, gone := collapse(e); gone || full < 2 {
		return Warning{}, false
	}
	return Warning{LowRank, fmt.Sprintf("RankMe %.1f of at most %d: the embeddings use only a few directions (dimensional collapse); a smaller projector, a stronger penalty between dimensions or a lower learning rate helps", e.RankMe, full)}, e.RankMe < max(1.5, LowRankShare*float64(full))
}

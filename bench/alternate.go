package main

import (
	"context"
	"slices"

	times "github.com/fwlab/fw/core/bench"
)

// alternate gives each contestant one turn a round, in the same order in each.
func alternate(ctx context.Context, b *bench, all []contestant) ([][]turn, error) {
	return inTurns(all, b.Rounds, func(round int, c contestant) (turn, error) {
		t, err := b.m.measure(ctx, c, b.Seconds)
		if err == nil {
			b.say("round %d of %d: %s: %.1f ms, %.0f MB, first step after %.2f s", round+1, b.Rounds, c, t.MS, t.memory()/1e6, t.FirstStep)
		}
		return t, err
	})
}

// inTurns is the turns by contestant, then by round.
func inTurns[C, T any](all []C, rounds int, measure func(round int, c C) (T, error)) ([][]T, error) {
	turns := make([][]T, len(all))
	for round := range rounds {
		for i, c := range all {
			t, err := measure(round, c)
			if err != nil {
				return nil, err
			}
			turns[i] = append(turns[i], t)
		}
	}
	return turns, nil
}

// side is what a contestant's turns say: medians over the rounds.
type side struct {
	MS        float64 `json:"ms_per_step"`
	Views     float64 `json:"views_per_second"`
	Memory    float64 `json:"memory_bytes"`
	FirstStep float64 `json:"first_step_seconds"`
	Turns     []turn  `json:"turns"`
}

func newSide(turns []turn) *side {
	return &side{median(turns, func(t turn) float64 { return t.MS }), median(turns, func(t turn) float64 { return t.ViewsPerSecond }),
		median(turns, func(t turn) float64 { return t.memory() }), median(turns, func(t turn) float64 { return t.FirstStep }), turns}
}

func median[T any](list []T, value func(T) float64) float64 {
	v := make([]float64, len(list))
	for i, x := range list {
		v[i] = value(x)
	}
	slices.Sort(v)
	return times.Median(v)
}

// spread is ratios over rounds.
type spread struct{ median, least, most float64 }

// ratio compares two sides round by round: theirs over ours, so that above 1 ours
// takes less.
func ratio(theirs, ours *side, of func(t turn) float64) spread {
	return ratios(theirs.Turns, ours.Turns, of)
}

// ratios is above over below, round by round.
func ratios[T any](above, below []T, of func(t T) float64) spread {
	n := min(len(above), len(below))
	v := make([]float64, n)
	for i := range v {
		v[i] = of(above[i]) / of(below[i])
	}
	slices.Sort(v)
	return spread{times.Median(v), v[0], v[n-1]}
}

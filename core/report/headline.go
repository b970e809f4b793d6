package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/report/words"
)

// ProtocolName is a protocol as people write it.
func ProtocolName(protocol string) string {
	switch protocol {
	case KNN:
		return "kNN"
	case Linear:
		return "linear probe"
	}
	return protocol
}

// SubjectName is a subject as people write it.
func SubjectName(subject string) string {
	switch subject {
	case Trained:
		return "trained encoder"
	case Untrained:
		return "untrained encoder"
	case Pixels:
		return "raw pixels"
	}
	return subject
}

// Headline is a run's result in a sentence: its first trained eval, beside the
// same protocol without training. Evals of the last epoch go before a best one.
func Headline(evals []Eval) string {
	e, ok := headlineEval(evals)
	if !ok {
		return "no evaluation of the trained encoder"
	}
	text := fmt.Sprintf("%s %.1f %%", ProtocolName(e.Protocol), e.Top1)
	var parts []string
	for _, subject := range []string{Untrained, Pixels} {
		floor, ok := find(evals, e.Protocol, subject)
		if !ok {
			continue
		}
		name := map[string]string{Untrained: "the untrained encoder", Pixels: "raw pixels"}[subject]
		gain := difference(e, floor)
		points := " points"
		if len(parts) > 0 {
			points = ""
		}
		switch {
		case gain > 0:
			parts = append(parts, fmt.Sprintf("%.1f%s above %s", gain, points, name))
		case gain < 0:
			parts = append(parts, fmt.Sprintf("%.1f%s below %s", -gain, points, name))
		default:
			parts = append(parts, "level with "+name)
		}
	}
	if len(parts) == 0 {
		return text
	}
	return text + ": " + strings.Join(parts, ", ")
}

// difference is a-b in percent points, between the numbers as they are printed.
func difference(a, b Eval) float64 { return math.Round(10*(printed(a.Top1)-printed(b.Top1))) / 10 }

func printed(v Float) float64 {
	p, _ := strconv.ParseFloat(words.OneDecimal(float64(v)), 64)
	return p
}

// headlineEval is the trained eval to lead with: kNN before others, the last
// epoch before the best, the newest epoch.
func headlineEval(evals []Eval) (best Eval, ok bool) {
	rank := func(e Eval) [3]int {
		r := [3]int{0, 0, e.Epoch}
		if e.Protocol == KNN {
			r[0] = 1
		}
		if e.Choice == Last {
			r[1] = 1
		}
		return r
	}
	for _, e := range evals {
		if e.Subject != Trained {
			continue
		}
		if a, b := rank(e), rank(best); !ok || a[0] > b[0] || a[0] == b[0] && (a[1] > b[1] || a[1] == b[1] && a[2] > b[2]) {
			best, ok = e, true
		}
	}
	return best, ok
}

// find is the last eval of a protocol and subject.
func find(evals []Eval, protocol, subject string) (found Eval, ok bool) {
	for _, e := range evals {
		if e.Protocol == protocol && e.Subject == subject {
			found, ok = e, true
		}
	}
	return found, ok
}

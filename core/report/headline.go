package report

import (
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/report/diagnose"
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
		floor, ok := beside(evals, e, subject)
		if !ok {
			continue
		}
		name := floorName(subject)
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

func floorName(subject string) string {
	if subject == Untrained {
		return "the untrained encoder"
	}
	return SubjectName(subject)
}

// Probes is the evidence of the evals: each protocol's, beside its floors.
func Probes(evals []Eval) (probes []diagnose.Probe) {
	for _, protocol := range protocols(evals) {
		e, ok := lead(evals, protocol)
		if !ok {
			continue
		}
		p := diagnose.Probe{Name: ProtocolName(protocol), Top1: float64(e.Top1)}
		for _, subject := range []string{Untrained, Pixels} {
			if floor, ok := beside(evals, e, subject); ok {
				p.Floors = append(p.Floors, diagnose.Floor{Name: floorName(subject), Top1: float64(floor.Top1)})
			}
		}
		probes = append(probes, p)
	}
	return probes
}

// difference is a-b in percent points, between the numbers as they are printed.
func difference(a, b Eval) float64 { return math.Round(10*(printed(a.Top1)-printed(b.Top1))) / 10 }

func printed(v Float) float64 {
	p, _ := strconv.ParseFloat(words.OneDecimal(float64(v)), 64)
	return p
}

// headlineEval is the trained eval to lead with: kNN before others.
func headlineEval(evals []Eval) (Eval, bool) {
	for _, protocol := range append([]string{KNN}, protocols(evals)...) {
		if e, ok := lead(evals, protocol); ok {
			return e, true
		}
	}
	return Eval{}, false
}

// lead is the trained eval of a protocol to show: the last epoch before any
// other, then the newest, then the first that was measured.
func lead(evals []Eval, protocol string) (best Eval, ok bool) {
	for _, e := range evals {
		if e.Protocol != protocol || e.Subject != Trained {
			continue
		}
		better := e.Epoch > best.Epoch
		if isLast := e.Choice == Last; isLast != (best.Choice == Last) {
			better = isLast
		}
		if !ok || better {
			best, ok = e, true
		}
	}
	return best, ok
}

// beside is what e measured, measured on another subject.
func beside(evals []Eval, e Eval, subject string) (Eval, bool) {
	for _, x := range evals {
		if x.Protocol == e.Protocol && x.Subject == subject && x.Seed == e.Seed && maps.Equal(x.Settings, e.Settings) {
			return x, true
		}
	}
	return Eval{}, false
}

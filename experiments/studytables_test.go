package experiments

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/fwlab/fw/core/report"
)

// interval is the mean of two or more differences and half of its 95 % confidence
// interval, by Student's t with n-1 degrees of freedom.
func interval(d []float64) (mean, half float64) {
	mean, deviation := stat.MeanStdDev(d, nil)
	n := float64(len(d))
	return mean, distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
}

// differences is a row for each pair and protocol.
func (s *study) differences() string {
	var b strings.Builder
	b.WriteString("| pair | images, epochs | seeds | protocol | RandomCrop | ContrastiveCrop | difference | 95 % interval |\n|---|---|---|---|---|---|---|---|\n")
	for _, p := range pairs {
		list := s.Pairs[p.title]
		if len(list) == 0 {
			fmt.Fprintf(&b, "| %s | | | | | | | |\n", p.title)
			continue
		}
		for _, protocol := range []string{report.Linear, report.KNN} {
			var random, contrastive, d []float64
			for _, x := range list {
				r, ok := x.Random[protocol]
				c, ok2 := x.Contrastive[protocol]
				if ok && ok2 {
					random, contrastive, d = append(random, r), append(contrastive, c), append(d, c-r)
				}
			}
			if len(d) == 0 {
				continue
			}
			mean, between := stat.Mean(d, nil), fmt.Sprintf("fewer than %d seeds", leastPairs)
			if len(d) >= leastPairs {
				_, half := interval(d)
				between = fmt.Sprintf("%+.2f to %+.2f", mean-half, mean+half)
			}
			fmt.Fprintf(&b, "| %s | %d, %d | %d | %s | %.2f | %.2f | %+.2f | %s |\n", p.title, s.Train[p.title], s.Epochs[p.title], len(d), report.ProtocolName(protocol), stat.Mean(random, nil), stat.Mean(contrastive, nil), mean, between)
		}
	}
	return b.String()
}

// localisation is the means over runs: of boxes, and of crops by them.
func (s *study) localisation() string {
	type row struct {
		experiment string
		threshold  float64
	}
	of := map[row][]report.Localization{}
	for _, l := range s.Located {
		for _, at := range l.At {
			if at.Choice == report.Last {
				k := row{l.Experiment, at.Threshold}
				of[k] = append(of[k], at)
			}
		}
	}
	if len(of) == 0 {
		return ""
	}
	rows := slices.SortedFunc(maps.Keys(of), func(a, b row) int {
		return cmp.Or(strings.Compare(a.experiment, b.experiment), cmp.Compare(a.threshold, b.threshold))
	})
	var boxes, crops strings.Builder
	boxes.WriteString("| run | threshold | runs | mean area | whole images | IoU with the object: trained / untrained / centre / whole image | CorLoc, the same |\n|---|---|---|---|---|---|---|\n")
	crops.WriteString("\n| run | crops go by | IoU of the two | centres apart | both centres in the object | both half on it |\n|---|---|---|---|---|---|\n")
	told := map[string]bool{}
	for _, k := range rows {
		list := of[k]
		box := func(subject string, f func(report.BoxScore) float64) float64 {
			return average(list, func(l report.Localization) float64 { b, _ := l.Box(subject); return f(b) })
		}
		each := func(format string, f func(report.BoxScore) float64) string {
			var parts []string
			for _, subject := range []string{report.Trained, report.Untrained, report.CentreBox, report.WholeImage} {
				parts = append(parts, fmt.Sprintf(format, box(subject, f)))
			}
			return strings.Join(parts, " / ")
		}
		fmt.Fprintf(&boxes, "| %s | %g | %d | %.2f | %.0f %% | %s | %s |\n", k.experiment, k.threshold, len(list),
			box(report.Trained, func(b report.BoxScore) float64 { return b.Area }), box(report.Trained, func(b report.BoxScore) float64 { return 100 * b.Whole }),
			each("%.3f", func(b report.BoxScore) float64 { return b.IoU }), each("%.1f %%", func(b report.BoxScore) float64 { return 100 * b.CorLoc }))
		for _, by := range []struct{ boxes, name string }{{report.NoBox, "no box: RandomCrop"}, {report.WholeImage, "the whole image"}, {report.MiddleHalf, "the middle half: SimCCrop"}, {report.ObjectBox, "the object's box"}, {report.Trained, fmt.Sprintf("boxes, threshold %g", k.threshold)}} {
			if _, measured := list[0].Cropped(by.boxes); !measured || told[k.experiment+by.name] {
				continue
			}
			told[k.experiment+by.name] = true
			mean := func(f func(report.CropScore) float64) float64 {
				return average(list, func(l report.Localization) float64 { c, _ := l.Cropped(by.boxes); return f(c) })
			}
			fmt.Fprintf(&crops, "| %s | %s | %.3f | %.3f | %.1f %% | %.1f %% |\n", k.experiment, by.name, mean(func(c report.CropScore) float64 { return c.IoU }), mean(func(c report.CropScore) float64 { return c.Apart }),
				mean(func(c report.CropScore) float64 { return 100 * c.Centres }), mean(func(c report.CropScore) float64 { return 100 * c.Overlap }))
		}
	}
	return boxes.String() + crops.String()
}

func average[T any](list []T, f func(T) float64) (sum float64) {
	for _, x := range list {
		sum += f(x) / float64(len(list))
	}
	return sum
}

package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/fwlab/fw/core/report/chart"
	"github.com/fwlab/fw/core/report/words"
	"github.com/fwlab/fw/core/rundir"
)

// figure is a chart on the page.
type figure struct {
	Title string
	Note  string
	SVG   template.HTML
	chart chart.Chart
}

// Plot is a chart as a file.
type Plot struct {
	Name string // of the file, "training-loss.svg"
	SVG  []byte
}

// Plots are the page's charts as files, for the run's folder of plots.
func (p Page) Plots() []Plot {
	var out []Plot
	for _, f := range p.figures() {
		out = append(out, Plot{slug(f.Title) + ".svg", f.chart.File()})
	}
	return out
}

// slug is a title as the name of a file: letters, digits and single hyphens.
func slug(title string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(title), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}

// figures are the charts of a run's record: loss and learning rate, probes,
// collapse, crops, then whatever else was recorded, in order of name.
func (p Page) figures() []figure {
	var out []figure
	add := func(title, note string, c chart.Chart) {
		c.Label = title
		if svg := c.SVG(); svg != "" {
			out = append(out, figure{title, note, template.HTML(svg), c})
		}
	}
	several := func(metric string) bool { return len(p.History[metric]) > 1 }
	seen := map[string]bool{}
	take := func(metric, name string) chart.Series {
		seen[metric] = true
		return p.series(metric, name)
	}
	x := p.xName()

	loss := chart.Chart{XName: x, Series: []chart.Series{take(rundir.TrainLoss, "loss")}}
	note := ""
	if k := p.Report.Train.LossClasses; k > 1 {
		loss.Levels = []chart.Level{{Name: fmt.Sprintf("ln %d", k), Y: math.Log(float64(k))}}
		note = fmt.Sprintf("The dashed line is guessing among %d.", k)
	}
	add("Training loss", note, loss)

	for _, protocol := range []string{KNN, Linear} {
		name := ProtocolName(protocol)
		c := chart.Chart{XName: x, Unit: " %", Value: words.OneDecimal, Series: []chart.Series{take(protocol+"/top1", name)}, Levels: p.floors(protocol)}
		c.Series[0].Dots = true
		if several(protocol + "/top1") {
			add(capital(name)+" top-1", floorNote(c.Levels), c)
		}
	}

	std := chart.Chart{XName: x, Value: words.Short, Include: []float64{0}, Series: []chart.Series{take(rundir.CollapseStd, "std")}}
	note = "Standard deviation of normalised embeddings. At 0 they are one point."
	if d := p.Report.Collapse.Dim; d > 0 {
		std.Levels = []chart.Level{{Name: "even", Y: 1 / math.Sqrt(float64(d))}}
		note = fmt.Sprintf("Standard deviation of normalised embeddings. At 0 they are one point; evenly spread over %d dimensions it is 1/√%d.", d, d)
	}
	if several(rundir.CollapseStd) {
		add("Spread of embeddings", note, std)
	}
	rank := chart.Chart{XName: x, Value: words.Short, Include: []float64{0}, Series: []chart.Series{take(rundir.CollapseRankMe, "RankMe")}}
	note = "How many directions the embeddings use."
	if c := p.Report.Collapse; c.Dim > 0 && c.Samples > 0 {
		note = fmt.Sprintf("How many directions the embeddings use, of at most %d.", min(c.Dim, c.Samples))
	}
	if several(rundir.CollapseRankMe) {
		add("Effective rank (RankMe)", note, rank)
	}
	add("Learning rate", "", chart.Chart{XName: x, Value: words.Short, Include: []float64{0}, Series: []chart.Series{take(rundir.TrainLR, "rate")}})

	if speed := take(rundir.TrainImages, "images/s"); several(rundir.TrainImages) {
		add("Images per second", "", chart.Chart{XName: x, Include: []float64{0}, Series: []chart.Series{speed}})
	}
	for _, clock := range []string{rundir.TrainSeconds, rundir.TrainWait, rundir.TrainPlugins} {
		seen[clock] = true // on the tiles, as shares
	}
	for _, f := range ofCrops {
		line := take(f.metric, f.name)
		if several(f.metric) && slices.ContainsFunc(line.Y, func(y float64) bool { return y != 0 }) { // not a line along the axis
			add(f.title, f.note, chart.Chart{XName: x, Value: words.Short, Include: []float64{0}, Series: []chart.Series{line}})
		}
	}
	for _, metric := range p.History.Names() {
		if !seen[metric] && several(metric) {
			add(metric, "", chart.Chart{XName: x, Series: []chart.Series{p.series(metric, metric)}})
		}
	}
	return out
}

// ofCrops is what crops leave in the record, where a strategy has it.
var ofCrops = []struct{ metric, name, title, note string }{
	{rundir.BoxesArea, "area", "Area of boxes", "Mean share of the image that an image's box covers."},
	{rundir.BoxesWhole, "share", "Whole images", "Share of images whose box is all of them."},
	{rundir.BoxesEmpty, "images", "Nothing to see", "Images whose heat map was empty or constant."},
	{rundir.CropsFellBack, "share", "Crops that fell back", "Share of a batch's crops for which no draw fitted."},
}

// perEpoch is the steps of an epoch, where the x axis can be in epochs.
func (p Page) perEpoch() float64 {
	if t := p.Report.Train; t.Epochs > 1 && t.Steps >= t.Epochs {
		return float64(t.Steps) / float64(t.Epochs)
	}
	return 1
}

func (p Page) xName() string {
	if p.perEpoch() == 1 {
		return "step"
	}
	return "epoch"
}

func (p Page) series(metric, name string) chart.Series {
	s := chart.Series{Name: name}
	for _, point := range p.History[metric] {
		s.X = append(s.X, float64(point.Step)/p.perEpoch())
		s.Y = append(s.Y, point.Value)
	}
	return s
}

func (p Page) floors(protocol string) []chart.Level {
	var out []chart.Level
	trained, ok := lead(p.Report.Evals, protocol)
	if !ok {
		return nil
	}
	for _, f := range []struct{ subject, name string }{{Untrained, "untrained"}, {Pixels, "pixels"}} {
		if e, ok := beside(p.Report.Evals, trained, f.subject); ok {
			out = append(out, chart.Level{Name: f.name, Y: float64(e.Top1)})
		}
	}
	return out
}

func floorNote(levels []chart.Level) string {
	if len(levels) == 0 {
		return ""
	}
	return "Dashed: the same probe without training."
}

func capital(s string) string {
	if s == "kNN" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

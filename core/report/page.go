package report

import (
	"bytes"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/png"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fwlab/fw/core/report/words"
	"github.com/fwlab/fw/core/rundir"
)

// Page is report.html: one file that needs nothing else, for the eye.
type Page struct {
	Report   Report
	History  rundir.History
	Resolved string // the resolved experiment
	Pictures []Plate
}

// Plate is a picture on the page.
type Plate struct {
	Title string
	PNG   []byte
	Scale int // pixels per point, as the sheet's; 0 is 2
}

//go:embed page/page.html page/page.css page/page.js
var pageFiles embed.FS

// HTML writes the page. The same Page gives the same bytes.
func (p Page) HTML(w io.Writer) error {
	p.Report = p.Report.filled()
	view, err := p.view()
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	t, err := template.New("page.html").Funcs(template.FuncMap{"boxes": boxesName, "share": func(x float64) string { return percent(Float(100 * x)) }}).ParseFS(pageFiles, "page/page.html")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	if err := t.Execute(w, view); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// view is what the template shows.
type view struct {
	Report
	CSS      template.CSS
	JS       template.JS
	Lead     string // the headline up to its colon
	Rest     string
	Tiles    []tile
	Bars     []barGroup
	Figures  []figure
	Plates   []plate
	Rows     []evalRow
	Resolved string
	Host     string
}

type tile struct{ Name, Value, Unit, Note string }

type plate struct {
	Title string
	URI   template.URL
	Width int // points
}

type barGroup struct {
	Name string
	Bars []bar
}

type bar struct {
	Name, Value, Gain string
	Percent           string // of the full width
	Lead              bool
}

type evalRow struct {
	Protocol, Subject, Top1, Top5, Epoch, Seed, Choice, Settings string
	Lead                                                         bool
}

// percent is a measurement as printed, a dash where there is none.
func percent(v Float) string {
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	return words.OneDecimal(float64(v)) + " %"
}

func pngWidth(data []byte) (int, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	return c.Width, err
}

func (p Page) view() (view, error) {
	v := view{Report: p.Report, Tiles: p.tiles(), Bars: bars(p.Report.Evals), Figures: p.figures(), Rows: rows(p.Report.Evals), Resolved: p.Resolved, Host: host(p.Report.Environment)}
	css, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		return v, err
	}
	js, err := pageFiles.ReadFile("page/page.js")
	if err != nil {
		return v, err
	}
	v.CSS, v.JS = template.CSS(css), template.JS(js)
	v.Lead, v.Rest, _ = strings.Cut(p.Report.Headline, ": ")
	for _, pic := range p.Pictures {
		w, err := pngWidth(pic.PNG)
		if err != nil {
			return v, fmt.Errorf("picture %q: %w", pic.Title, err)
		}
		scale := pic.Scale
		if scale == 0 {
			scale = 2
		}
		v.Plates = append(v.Plates, plate{pic.Title, template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(pic.PNG)), w / scale})
	}
	return v, nil
}

func rows(evals []Eval) []evalRow {
	top, _ := headlineEval(evals)
	var out []evalRow
	for _, e := range evals {
		r := evalRow{
			Protocol: ProtocolName(e.Protocol), Subject: SubjectName(e.Subject), Top1: percent(e.Top1), Top5: "–",
			Epoch: strconv.Itoa(e.Epoch), Seed: strconv.FormatUint(e.Seed, 10), Choice: e.Choice,
			Lead: e.Subject == Trained && e.Protocol == top.Protocol && e.Seed == top.Seed && e.Epoch == top.Epoch && e.Choice == top.Choice && maps.Equal(e.Settings, top.Settings),
		}
		if e.Top5 != nil {
			r.Top5 = percent(*e.Top5)
		}
		var settings []string
		for _, k := range slices.Sorted(maps.Keys(e.Settings)) {
			settings = append(settings, fmt.Sprintf("%s %s", k, words.Short(e.Settings[k])))
		}
		r.Settings = strings.Join(settings, ", ")
		out = append(out, r)
	}
	return out
}

// bars sets the subjects of each protocol beside each other, on a scale from 0 to 100 %.
func bars(evals []Eval) []barGroup {
	var out []barGroup
	for _, protocol := range protocols(evals) {
		g := barGroup{Name: capital(ProtocolName(protocol))}
		trained, measured := lead(evals, protocol)
		if !measured {
			continue
		}
		for _, subject := range []string{Trained, Untrained, Pixels} {
			e, ok := trained, true
			if subject != Trained {
				e, ok = beside(evals, trained, subject)
			}
			if !ok {
				continue
			}
			b := bar{Name: SubjectName(subject), Value: percent(e.Top1), Percent: fmt.Sprintf("%.2f", min(max(float64(e.Top1), 0), 100)), Lead: subject == Trained}
			if subject != Trained {
				b.Gain = words.Signed(difference(trained, e))
			}
			g.Bars = append(g.Bars, b)
		}
		out = append(out, g)
	}
	return out
}

func protocols(evals []Eval) []string {
	var out []string
	for _, e := range evals {
		if !slices.Contains(out, e.Protocol) {
			out = append(out, e.Protocol)
		}
	}
	return out
}

func (p Page) tiles() []tile {
	t := p.Report.Train
	out := []tile{}
	for _, protocol := range protocols(p.Report.Evals) {
		if e, ok := lead(p.Report.Evals, protocol); ok {
			out = append(out, tile{capital(ProtocolName(protocol)) + " top-1", words.OneDecimal(float64(e.Top1)), "%", fmt.Sprintf("epoch %d, %s", e.Epoch, e.Choice)})
		}
	}
	memory, unit := words.Scaled(float64(t.PeakRSSBytes), 1024, "B", "KiB", "MiB", "GiB", "TiB")
	params, big := words.Scaled(float64(t.Params), 1000, "", "k", "M", "G")
	flops, flopsUnit := words.Scaled(float64(t.FLOPsPerStep), 1000, "FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP")
	return append(out,
		tile{"Speed", words.Grouped(t.ImagesPerSecond), "images/s", fmt.Sprintf("%s ms a step of %d", words.Short(t.MSPerStep), t.BatchSize)},
		tile{"Training time", words.Duration(time.Duration(t.Seconds * float64(time.Second))), "", fmt.Sprintf("%d epochs, %s steps", t.Epochs, words.Grouped(float64(t.Steps)))},
		tile{"Peak memory", memory, unit, "resident"},
		tile{"Parameters", params, big, flops + " " + flopsUnit + " a step"},
		tile{"In plugins", words.Share(t.PluginShare), "%", "of a step's time"},
		tile{"Waiting for data", words.Share(t.DataWaitShare), "%", "of a step's time"},
	)
}

func host(e rundir.Environment) string {
	return strings.Join([]string{"fw " + e.FW, e.Go, e.OS + "/" + e.Arch, strconv.Itoa(e.Cores) + " cores", strconv.Itoa(e.Workers) + " workers", strings.Join(e.CPU, " ")}, " · ")
}

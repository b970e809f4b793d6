package report

import (
	"bytes"
	"encoding/xml"
	"regexp"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/rundir"
)

func render(t *testing.T, p Page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.HTML(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var embedded = regexp.MustCompile(`data:image/png;base64,[^"]*`)

func TestPageGolden(t *testing.T) {
	got := render(t, examplePage(t))
	if !embedded.MatchString(got) {
		t.Error("the picture is not in the page")
	}
	golden(t, "report.html", []byte(embedded.ReplaceAllString(got, "PICTURE")), bytes.Equal)
}

// TestPageNeedsNothingElse: no address but the picture's own data, no import.
func TestPageNeedsNothingElse(t *testing.T) {
	page := strings.ReplaceAll(render(t, examplePage(t)), "http://www.w3.org/2000/svg", "")
	page = embedded.ReplaceAllString(page, "")
	for _, s := range []string{"http:", "https:", "//", "url(", "@import", "<link", "<iframe"} {
		for line := range strings.Lines(page) {
			if strings.Contains(line, s) && !strings.HasPrefix(line, "// Says") {
				t.Errorf("the page has %q: %.120s", s, line)
			}
		}
	}
}

func TestPageEscapesWhatItShows(t *testing.T) {
	const evil = `"><script>alert(1)</script>`
	p := examplePage(t)
	p.Report.Name, p.Report.Run, p.Resolved = evil, evil, evil
	p.Report.Warnings[0].Message, p.Report.Data.Skipped[0].Image, p.Report.Plugins[0].SHA256 = evil, evil, evil
	p.Pictures[0].Title = evil
	p.Report.Evals[0].Protocol = evil
	p.History[evil] = []rundir.Point{{Step: 1, Value: 1}, {Step: 2, Value: 2}}
	if got := render(t, p); strings.Contains(got, "<script>alert") || strings.Count(got, "<script") != 1 {
		t.Error("text from outside became markup")
	}
}

func TestPageOfARunThatNeverStarted(t *testing.T) {
	got := render(t, Page{Report: Report{Name: "x", Status: rundir.Failed}})
	for _, s := range []string{"no evaluation of the trained encoder", "failed"} {
		if !strings.Contains(got, s) {
			t.Errorf("%q is missing", s)
		}
	}
	for _, s := range []string{"<figure", "<table", "NaN", "<h2>Plugins"} {
		if strings.Contains(got, s) {
			t.Errorf("%q is there", s)
		}
	}
}

func TestPageRefusesABrokenPicture(t *testing.T) {
	err := Page{Pictures: []Plate{{Title: "Views", PNG: []byte("GIF89a")}}}.HTML(&bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `picture "Views"`) {
		t.Errorf("got %v", err)
	}
}

func TestOtherMetricsHaveTheirCurves(t *testing.T) {
	p := examplePage(t)
	p.History["bank/age"] = []rundir.Point{{Step: 1, Value: 1}, {Step: 2, Value: 4}}
	figures := p.figures()
	if last := figures[len(figures)-1]; last.Title != "bank/age" {
		t.Errorf("the last figure is %q", last.Title)
	}
}

func TestPlotsAreFiles(t *testing.T) {
	var names []string
	for _, p := range examplePage(t).Plots() {
		names = append(names, p.Name)
		if err := xml.Unmarshal(p.SVG, new(struct{})); err != nil || !bytes.Contains(p.SVG, []byte("xmlns=")) {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	if got, want := strings.Join(names, " "), "training-loss.svg knn-top-1.svg spread-of-embeddings.svg effective-rank-rankme.svg learning-rate.svg"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

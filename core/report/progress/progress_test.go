package progress

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// clock advances when told.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// train is a run of 4 epochs of 25 steps, half a second a step and two seconds a probe.
func train(out *bytes.Buffer, terminal bool, width int) {
	c := &clock{time.Unix(1e9, 0)}
	l := New(Options{Out: out, Terminal: terminal, Width: width, Epochs: 4, StepsPerEpoch: 25, Now: c.Now})
	for step := 1; step <= 100; step++ {
		c.now = c.now.Add(500 * time.Millisecond)
		l.Step(step, 6.2-float64(step)/50, 600)
		if step%25 == 0 {
			l.Pause()
			c.now = c.now.Add(2 * time.Second)
			l.Probe("kNN", 70+float64(step)/10)
		}
		if step == 60 {
			l.Note("warning: image %d could not be decoded", 17)
		}
	}
	l.Close()
}

func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name     string
		terminal bool
	}{{"plain", false}, {"terminal", true}} {
		var out bytes.Buffer
		train(&out, c.terminal, 100)
		got := out.String()
		if c.terminal { // one line of the file for each redrawing
			got = erased.ReplaceAllString(got, "\n") + "\n"
			got = trailing.ReplaceAllString(got, "\n")
		}
		path := filepath.Join("testdata", c.name+".txt")
		if *rewrite {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil || got != string(want) {
			t.Errorf("%s: %v, got\n%s\n(go test -rewrite writes it anew)", c.name, err, got)
		}
	}
}

var (
	erased   = regexp.MustCompile(`(\r *)*\r`)
	trailing = regexp.MustCompile(` *\n+`)
)

func TestTheLineFitsTheTerminal(t *testing.T) {
	for _, width := range []int{60, 80, 200} {
		var out bytes.Buffer
		train(&out, true, width)
		for _, line := range regexp.MustCompile("[\r\n]").Split(out.String(), -1) {
			if n := utf8.RuneCountInString(line); n > width {
				t.Errorf("%d columns on a terminal of %d: %q", n, width, line)
			}
		}
	}
}

func TestSpeedLeavesOutPauses(t *testing.T) {
	start := time.Unix(1e9, 0)
	r := rate{at: start}
	r.add(start.Add(time.Second), 500)
	r.paused = true
	r.add(start.Add(100*time.Second), 500)
	r.add(start.Add(101*time.Second), 500)
	if r.perSecond != 500 {
		t.Errorf("500 images a second are shown as %v", r.perSecond)
	}
	for s := range 30 {
		r.add(start.Add(time.Duration(102+s)*time.Second), 1000)
	}
	if r.perSecond < 999 {
		t.Errorf("after half a minute at 1000 a second it is %v", r.perSecond)
	}
}

func TestAResumedRunGoesOn(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(1e9, 0)}
	l := New(Options{Out: &out, Epochs: 10, StepsPerEpoch: 10, Done: 50, Now: c.Now})
	c.now = c.now.Add(2 * time.Second)
	l.Step(51, 1, 100)
	if got, want := out.String(), "epoch 6/10  step 51/100  loss 1.000  50 images/s  1 min 38 s left\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestOddRuns(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		var out bytes.Buffer
		c := &clock{time.Unix(1e9, 0)}
		l := New(Options{Out: &out, Terminal: terminal, Width: 1, Now: c.Now})
		l.Close()
		if out.Len() > 0 {
			t.Errorf("nothing was done, but this was shown: %q", out.String())
		}
		l.Probe("kNN", 10)
		l.Step(3, 1, 0) // more steps than there are, and no time gone by
		l.Step(4, 1, -1)
		l.Close()
		if !strings.Contains(out.String(), "epoch 0/0") {
			t.Errorf("got %q", out.String())
		}
	}
}

func TestNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	train(&bytes.Buffer{}, true, 80)
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines became %d", before, after)
	}
}

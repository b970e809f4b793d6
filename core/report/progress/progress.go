// Package progress owns what a training run shows while it runs: one line that
// moves on a terminal, a line every so often elsewhere. It starts no
// goroutines and asks nobody for the time. Start from [New].
package progress

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"github.com/fwlab/fw/core/report/words"
)

// Options say what is run, and where it is shown.
type Options struct {
	Out           io.Writer
	Terminal      bool             // Out moves its cursor; otherwise plain lines
	Width         int              // columns of the terminal; 0 is 80
	Epochs        int              // of the whole run
	StepsPerEpoch int              // at least 1
	Steps         int              // where the run stops within the epochs; 0: at their end
	Done          int              // steps done before, when a run goes on
	Every         time.Duration    // between plain lines; 0 is 10 s
	Now           func() time.Time // the clock
}

// Line is the progress of one run. It is used by one goroutine.
type Line struct {
	o       Options
	bar     *progressbar.ProgressBar
	step    int
	loss    float64
	probe   string
	started time.Time
	drawn   time.Time
	rate    rate
	shown   int // step of the last plain line
}

// redraw is how often a terminal's line is drawn anew at most.
const redraw = 100 * time.Millisecond

// New starts the clock. Nothing is shown before the first step.
func New(o Options) *Line {
	if o.Width <= 0 {
		o.Width = 80
	}
	if o.Every <= 0 {
		o.Every = 10 * time.Second
	}
	o.StepsPerEpoch = max(o.StepsPerEpoch, 1)
	now := o.Now()
	return &Line{o: o, step: o.Done, started: now, rate: rate{at: now}}
}

func (l *Line) total() int {
	if l.o.Steps > 0 {
		return l.o.Steps
	}
	return l.o.Epochs * l.o.StepsPerEpoch
}

// Step says that a step is done: how many now are in all, its loss, and how
// many images it took.
func (l *Line) Step(done int, loss float64, images int) {
	now := l.o.Now()
	l.step, l.loss = done, loss
	l.rate.add(now, images)
	due := l.o.Every
	if l.o.Terminal {
		due = redraw
	}
	last := done >= l.total()
	if !l.drawn.IsZero() && now.Sub(l.drawn) < due && !last {
		return
	}
	l.drawn = now
	l.shown = done
	if l.o.Terminal {
		l.draw(now)
	} else {
		fmt.Fprintln(l.o.Out, l.plain(now))
	}
}

// Probe shows a probe's result, in percent, until the next one.
func (l *Line) Probe(name string, top1 float64) {
	l.probe = fmt.Sprintf("%s %.1f %%", name, top1)
	if l.o.Terminal {
		if l.bar != nil {
			l.draw(l.o.Now())
		}
		return
	}
	fmt.Fprintf(l.o.Out, "%s  %s\n", l.epoch(), l.probe)
}

// Pause keeps time that goes by until the next step out of the speed: for
// probes and checkpoints.
func (l *Line) Pause() { l.rate.paused = true }

// Note prints a line of its own above the progress.
func (l *Line) Note(format string, args ...any) {
	if l.bar != nil {
		_ = l.bar.Clear()
	}
	fmt.Fprintf(l.o.Out, format+"\n", args...)
	if l.bar != nil {
		l.draw(l.o.Now())
	}
}

// Close leaves the last state on the screen.
func (l *Line) Close() {
	if l.bar != nil {
		l.draw(l.o.Now())
		fmt.Fprintln(l.o.Out)
		l.bar = nil
	} else if !l.o.Terminal && !l.drawn.IsZero() && l.shown != l.step {
		fmt.Fprintln(l.o.Out, l.plain(l.o.Now()))
	}
}

func (l *Line) epoch() string {
	return fmt.Sprintf("epoch %d/%d", min(max(l.step-1, 0)/l.o.StepsPerEpoch+1, l.o.Epochs), l.o.Epochs)
}

// fields are loss, speed, time left and probe, in order of what may be cut last.
func (l *Line) fields(now time.Time) []string {
	out := []string{fmt.Sprintf("loss %#.4g", l.loss)}
	if r := l.rate.perSecond; r > 0 {
		out = append(out, fmt.Sprintf("%.0f images/s", r))
	}
	if left, ok := l.left(now); ok {
		out = append(out, words.Duration(left)+" left")
	}
	if l.probe != "" {
		out = append(out, l.probe)
	}
	return out
}

// left is the time to the end at the mean pace of this process, which includes
// probes.
func (l *Line) left(now time.Time) (time.Duration, bool) {
	done, todo := l.step-l.o.Done, l.total()-l.step
	if done < 1 || todo < 1 {
		return 0, false
	}
	return time.Duration(float64(now.Sub(l.started)) / float64(done) * float64(todo)), true
}

func (l *Line) plain(now time.Time) string {
	return strings.Join(append([]string{l.epoch(), fmt.Sprintf("step %d/%d", l.step, l.total())}, l.fields(now)...), "  ")
}

// barWidth is the columns of the moving bar.
const barWidth = 20

// draw draws the moving line; what does not fit the terminal is left out, the
// probe first.
func (l *Line) draw(now time.Time) {
	if l.bar == nil {
		l.bar = progressbar.NewOptions(max(l.total(), 1),
			progressbar.OptionSetWriter(l.o.Out),
			progressbar.OptionSetWidth(barWidth),
			progressbar.OptionSetElapsedTime(false), // the clock is ours
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetRenderBlankState(false),
			progressbar.OptionShowDescriptionAtLineEnd(),
			progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░"}),
		)
	}
	fields := append([]string{l.epoch()}, l.fields(now)...)
	room := l.o.Width - barWidth - len(" 100%   ") - 1
	text := strings.Join(fields, "  ")
	for len(fields) > 2 && utf8.RuneCountInString(text) > room {
		fields = fields[:len(fields)-1]
		text = strings.Join(fields, "  ")
	}
	l.bar.Describe(text)
	_ = l.bar.Set(min(l.step, l.total())) // Out's errors are not the run's
}

// Package timeline owns traces for people who look: events with a start and a
// duration on named lanes, in the JSON that Chrome's tracing page and Perfetto
// open (Trace Event Format, complete events "X" and metadata "M"). Start from [Write].
package timeline

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// Event is something that took time.
type Event struct {
	Name  string
	Group string // lanes that belong together; Perfetto's process
	Lane  string // within which events are apart or nested; Perfetto's thread
	Start time.Duration
	Took  time.Duration
	Args  map[string]any // what is seen when the event is chosen
}

// row is one entry of the file. Times are microseconds.
type row struct {
	Name string         `json:"name"`
	Ph   string         `json:"ph"`
	TS   float64        `json:"ts"`
	Dur  *float64       `json:"dur,omitempty"`
	PID  int            `json:"pid"`
	TID  int            `json:"tid"`
	Args map[string]any `json:"args,omitempty"`
}

// Write writes the events, groups and lanes in the order of their first event. Of
// a lane's events that overlap, the later goes to a lane of the same name beside it.
func Write(w io.Writer, events []Event) error {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { // what encloses others first
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(b.Took, a.Took))
	})
	var rows []row
	p := placing{groups: map[string]*group{}}
	for _, e := range events {
		pid, tid, named := p.place(e)
		rows = append(rows, named...)
		dur := micro(e.Took)
		rows = append(rows, row{Name: e.Name, Ph: "X", TS: micro(e.Start), Dur: &dur, PID: pid, TID: tid, Args: e.Args})
	}
	out := bufio.NewWriter(w)
	out.WriteString(`{"displayTimeUnit":"ms","traceEvents":[`)
	for i := range rows {
		data, err := json.Marshal(&rows[i])
		if err != nil {
			return fmt.Errorf("timeline: %s: %w", rows[i].Name, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(data)
	}
	out.WriteString("\n]}\n")
	if err := out.Flush(); err != nil { // keeps the first error of all writes
		return fmt.Errorf("timeline: %w", err)
	}
	return nil
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// placing gives numbers to groups and lanes.
type placing struct{ groups map[string]*group }

type group struct {
	pid   int
	tids  int
	lanes map[string][]*lane
}

// lane knows when the events that are open on it end, the innermost last.
type lane struct {
	tid  int
	open []time.Duration
}

// place finds the event's lane; the rows name what is new.
func (p *placing) place(e Event) (pid, tid int, named []row) {
	g := p.groups[e.Group]
	if g == nil {
		g = &group{pid: len(p.groups) + 1, lanes: map[string][]*lane{}}
		p.groups[e.Group] = g
		named = append(named, name("process_name", e.Group, g.pid, 0), order("process_sort_index", g.pid, g.pid, 0))
	}
	for _, l := range g.lanes[e.Lane] {
		if l.fits(e) {
			return g.pid, l.tid, named
		}
	}
	g.tids++
	l := &lane{tid: g.tids}
	l.fits(e)
	g.lanes[e.Lane] = append(g.lanes[e.Lane], l)
	return g.pid, l.tid, append(named, name("thread_name", e.Lane, g.pid, l.tid), order("thread_sort_index", l.tid, g.pid, l.tid))
}

// fits opens e on the lane if it is apart from, or within, what is there.
func (l *lane) fits(e Event) bool {
	for len(l.open) > 0 && l.open[len(l.open)-1] <= e.Start {
		l.open = l.open[:len(l.open)-1]
	}
	if n := len(l.open); n > 0 && l.open[n-1] < e.Start+e.Took {
		return false
	}
	l.open = append(l.open, e.Start+e.Took)
	return true
}

func name(kind, text string, pid, tid int) row {
	return row{Name: kind, Ph: "M", PID: pid, TID: tid, Args: map[string]any{"name": text}}
}

func order(kind string, at, pid, tid int) row {
	return row{Name: kind, Ph: "M", PID: pid, TID: tid, Args: map[string]any{"sort_index": at}}
}

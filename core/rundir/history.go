package rundir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
)

// Point is one value of a metric.
type Point struct {
	Step, Epoch int
	Value       float64
}

// History is the record of a run: the points of each metric, in the order they
// were written.
type History map[string][]Point

// Names are the metrics' names in order.
func (h History) Names() []string { return slices.Sorted(maps.Keys(h)) }

// Last is the newest point of a metric.
func (h History) Last(name string) (p Point, ok bool) {
	if s := h[name]; len(s) > 0 {
		return s[len(s)-1], true
	}
	return Point{}, false
}

// ReadHistory reads metrics.jsonl. Its last line may be half written: it is
// left out. No file gives an empty history.
func (d Dir) ReadHistory() (History, error) {
	f, err := os.Open(d.Metrics())
	if errors.Is(err, os.ErrNotExist) {
		return History{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run: metrics: %w", err)
	}
	defer f.Close()
	h, err := readHistory(f)
	if err != nil {
		return nil, fmt.Errorf("run: metrics: %s: %w", d.Metrics(), err)
	}
	return h, nil
}

func readHistory(r io.Reader) (History, error) {
	h := History{}
	n := 0
	var torn error
	err := eachLine(r, func(_ []byte, rec record, bad error) error {
		n++
		if torn != nil {
			return torn // a line follows it, so it is not the last
		}
		if bad != nil {
			torn = fmt.Errorf("line %d: %w", n, bad)
			return nil
		}
		for name, v := range rec.values {
			h[name] = append(h[name], Point{rec.step, rec.epoch, v})
		}
		return nil
	})
	return h, err
}

type record struct {
	step, epoch int
	values      map[string]float64
}

// maxLine is far above what a line of metrics can hold.
const maxLine = 1 << 20

// eachLine calls f for every line without its end; bad says why a line is not
// one that Append wrote whole.
func eachLine(r io.Reader, f func(line []byte, rec record, bad error) error) error {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("a line has more than %d bytes", maxLine)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		body, whole := bytes.CutSuffix(line, []byte("\n"))
		rec, bad := parseRecord(body)
		if !whole && bad == nil {
			bad = errors.New("the line has no end")
		}
		if err := f(body, rec, bad); err != nil {
			return err
		}
	}
}

func parseRecord(line []byte) (record, error) {
	rec := record{values: map[string]float64{}}
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return rec, err
	}
	for _, name := range []string{"step", "epoch"} {
		v, ok := fields[name].(float64)
		if !ok || v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return rec, fmt.Errorf("%s is %v, not a count", name, fields[name])
		}
	}
	rec.step, rec.epoch = int(fields["step"].(float64)), int(fields["epoch"].(float64))
	delete(fields, "step")
	delete(fields, "epoch")
	for name, v := range fields {
		switch v := v.(type) {
		case float64:
			rec.values[name] = v
		case string:
			special, ok := map[string]float64{"NaN": math.NaN(), "Infinity": math.Inf(1), "-Infinity": math.Inf(-1)}[v]
			if !ok {
				return rec, fmt.Errorf("%q is %q, not a number", name, v)
			}
			rec.values[name] = special
		default:
			return rec, fmt.Errorf("%q is %v, not a number", name, v)
		}
	}
	return rec, nil
}

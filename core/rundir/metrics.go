package rundir

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/fwlab/fw/core/rundir/atomicfile"
)

// The names of metrics, in the record, in reports and on the screen. Accuracies
// are in percent.
const (
	TrainLoss      = "train/loss"
	TrainLR        = "train/lr"
	TrainImages    = "train/images_per_second"
	TrainSpread    = "train/spread"            // of the embeddings of a batch, where the task logs it: 1 evenly over the sphere, 0 a point
	TrainSeconds   = "train/seconds"           // since the first step, over all processes
	TrainWait      = "train/data_wait_seconds" // of these, waiting for data
	TrainPlugins   = "train/plugin_seconds"    // of these, in plugin calls
	KNNTop1        = "knn/top1"
	LinearTop1     = "linear/top1"
	CollapseStd    = "collapse/std"
	CollapseRankMe = "collapse/rankme"
	BoxesArea      = "boxes/area"      // mean share of the image that a sample's box covers
	BoxesWhole     = "boxes/whole"     // share of samples whose box is the whole image
	BoxesEmpty     = "boxes/empty"     // number of samples where there was nothing to see
	CropsFellBack  = "crops/fell_back" // share of a batch's crops for which no draw fitted
)

// Metrics is metrics.jsonl, open to append. One line is one JSON object: step
// and epoch, then a number under each metric's name, in order of name. What JSON has
// no number for is the string "NaN", "Infinity" or "-Infinity".
type Metrics struct {
	f    *os.File
	line []byte
}

// OpenMetrics opens metrics.jsonl after the line of step last, the step of the
// checkpoint that the run goes on from: later lines, and lines that a
// killed process wrote only in part, are taken away and counted. A new run gives -1.
func (r *Run) OpenMetrics(last int) (m *Metrics, dropped int, err error) {
	dropped, err = truncateMetrics(r.Metrics(), last)
	if err != nil {
		return nil, 0, fmt.Errorf("run: metrics: %w", err)
	}
	f, err := os.OpenFile(r.Metrics(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, 0, fmt.Errorf("run: metrics: %w", err)
	}
	return &Metrics{f: f}, dropped, nil
}

func truncateMetrics(path string, last int) (dropped int, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	keep := func(line []byte, at record, bad error) bool { return bad == nil && at.step <= last }
	err = eachLine(f, func(line []byte, at record, bad error) error {
		if !keep(line, at, bad) {
			dropped++
		}
		return nil
	})
	if err != nil || dropped == 0 {
		return 0, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	return dropped, atomicfile.Write(path, func(w io.Writer) error {
		return eachLine(f, func(line []byte, at record, bad error) error {
			if !keep(line, at, bad) {
				return nil
			}
			_, err := w.Write(append(line, '\n'))
			return err
		})
	})
}

// Append writes one line.
func (m *Metrics) Append(step, epoch int, values map[string]float64) error {
	b := append(m.line[:0], `{"step":`...)
	b = strconv.AppendInt(b, int64(step), 10)
	b = append(b, `,"epoch":`...)
	b = strconv.AppendInt(b, int64(epoch), 10)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !metricName(name) {
			return fmt.Errorf("run: metrics: %q cannot name a metric", name)
		}
		b = append(b, ',', '"')
		b = append(b, name...)
		b = append(b, '"', ':')
		b = appendNumber(b, values[name])
	}
	m.line = append(b, '}', '\n')
	if _, err := m.f.Write(m.line); err != nil {
		return fmt.Errorf("run: metrics: %w", err)
	}
	return nil
}

// Sync makes the lines last. It goes before a checkpoint of the same step, so
// that the record is never shorter than the checkpoint.
func (m *Metrics) Sync() error { return m.f.Sync() }

// Close closes the file.
func (m *Metrics) Close() error { return m.f.Close() }

// metricName: letters, digits and / _ - . only, and not one of the two fields.
func metricName(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '/', c == '_', c == '-', c == '.':
		default:
			return false
		}
	}
	return s != "" && s != "step" && s != "epoch"
}

func appendNumber(b []byte, v float64) []byte {
	switch {
	case math.IsNaN(v):
		return append(b, `"NaN"`...)
	case math.IsInf(v, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(v, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

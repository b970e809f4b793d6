// Package view owns view programs: what a pretext task makes of each image,
// run natively for many samples in parallel. Every draw has a key of its own,
// so a batch is a pure function of (key, positions). What a picture operation
// does to pixels is core/view/pix's business. Start from [New].
package view

import (
	"fmt"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/rng"
)

// Rect is a crop in pixels.
type Rect struct{ Y, X, H, W int }

// Box is where the object may be in an image, relative to its height and width:
// 0 <= Y0 <= Y1 <= 1.
type Box struct{ Y0, X0, Y1, X1 float32 }

// Crops chooses rectangles for images of the given sizes (height, width), a key
// each, and a box each unless boxes is nil: then none are known.
type Crops func(sizes [][2]int, boxes []Box, keys []rng.Key) ([]Rect, error)

// Program is a view program bound to a dataset. It may be filled by one
// goroutine at a time; see [Program.Fork].
type Program struct {
	f         *ir.Func
	def       []int    // instruction of each value, -1 for the sample itself
	run       []runner // of each instruction
	site      []int    // of each instruction: its number among the crops
	ds        data.Dataset
	batch     int
	mean, std []float64
	crops     Crops
	sites     []int // instructions that ask for a crop
	Outputs   []*Output
	Timing    Timing // of the last Fill
	// Boxes is what the crop strategy is told of each position of the dataset; nil
	// for nothing. It is read by Fill.
	Boxes []Box

	cropped []Box     // of the last batch, crop by crop
	states  []*sample // one per worker, kept from batch to batch
}

// New prepares a flat, verified view function for batches of the given size.
// mean and std are the dataset's, per channel of the program's pictures; nil
// leaves pixels in [0,1]. crops may be nil where the program asks for none.
// The error says which instruction cannot be run, by the author's file and line.
func New(f *ir.Func, ds data.Dataset, batch int, mean, std []float64, crops Crops) (*Program, error) {
	p := &Program{f: f, ds: ds, batch: batch, mean: mean, std: std, crops: crops,
		def: make([]int, len(f.Shapes)), run: make([]runner, len(f.Instrs)), site: make([]int, len(f.Instrs))}
	for i := range p.def {
		p.def[i] = -1
	}
	for _, in := range f.Inputs {
		if s := f.Shape(in.Value); s.DType != dtype.Image {
			return nil, fmt.Errorf("view: input %s: expected the image, found %s", in.Name, s)
		}
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for _, v := range in.Out {
			p.def[v] = i
		}
		row, ok := table[in.Op]
		if !ok {
			return nil, p.fault(in, "a view program cannot run it")
		}
		if row.check != nil {
			if err := row.check(p, in); err != nil {
				return nil, p.fault(in, err.Error())
			}
		}
		p.run[i] = row.run
		if in.Op == "call" {
			p.site[i] = len(p.sites)
			p.sites = append(p.sites, i)
		}
	}
	return p, p.group()
}

func (p *Program) fault(in *ir.Instr, what string) error {
	where := ""
	if in.Loc.File != "" {
		where = fmt.Sprintf("%s:%d: ", in.Loc.File, in.Loc.Line)
	}
	return fmt.Errorf("view: %s%s: %s", where, in.Op, what)
}

// Fork is the same program with outputs of its own, to fill while another is read.
func (p *Program) Fork() *Program {
	q := *p
	q.Outputs, q.cropped, q.states = nil, nil, nil
	for _, o := range p.Outputs {
		c := *o
		c.Data = nil
		q.Outputs = append(q.Outputs, &c)
	}
	return &q
}

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
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/rng"
)

// Rect is a crop in pixels.
type Rect struct {
	Y, X, H, W int
	FellBack   bool // no draw fitted: it is the strategy's fall-back
}

// Box is where the object may be in an image, relative to its height and width:
// 0 <= Y0 <= Y1 <= 1.
type Box struct{ Y0, X0, Y1, X1 float32 }

// CropRequest asks for a rectangle of each of many images.
type CropRequest struct {
	Sizes [][2]int  // height, width
	Boxes []Box     // one each, or nil: none are known
	Keys  []rng.Key // one each
	Views []int     // which of the crops of its sample each is, from 0
}

// Crops chooses rectangles, as many as the request has sizes.
type Crops func(CropRequest) ([]Rect, error)

// PixelRequest gives pictures of one size to a plugin that computes on pixels.
type PixelRequest struct {
	H, W, C int
	Pix     [][]uint8 // of each picture
	Keys    []rng.Key // one each
	Views   []int     // which of its sample's pictures each is, from 0
}

// Pixels computes pictures of the same size from those of the request, which it
// leaves as they are.
type Pixels func(PixelRequest) ([][]uint8, error)

// Calls is what a program may ask of plugins.
type Calls struct {
	Crops  Crops
	Pixels Pixels
}

// Program is a view program bound to a dataset. It may be filled by one
// goroutine at a time; see [Program.Fork].
type Program struct {
	f         *ir.Func
	def       []int // instruction of each value, -1 for the sample itself
	constants map[ir.ID]buf.Buf
	run       []runner // of each instruction
	site      []int    // of each instruction: its number among the crops, or among the calls on pixels
	ds        data.Dataset
	batch     int
	mean, std []float64
	calls     Calls
	sites     []int // instructions that ask for a crop
	pixels    []int // instructions that ask for pixels
	notes     []int // instructions that name a value
	Outputs   []*Output
	Timing    Timing // of the last Fill
	// Boxes is what the crop strategy is told of each position of the dataset; nil
	// for nothing. It is read by Fill.
	Boxes []Box
	// Explain makes Fill keep how each view came about, for [Program.Explanations].
	Explain bool

	maxDecoded int64 // MaxDecoded, unless a test says otherwise

	cropped   []Box           // of the last batch, crop by crop
	fellBack  int             // how many of these are the strategy's fall-back
	explained [][]Explanation // of the last batch, sample by sample
	states    []*sample       // one per worker, kept from batch to batch
}

// New prepares a flat, verified view function for batches of the given size.
// mean and std are the dataset's, per channel of the program's pictures; nil
// leaves pixels in [0,1]. calls may be nil where the program asks for nothing.
// The error says which instruction cannot be run, by the author's file and line.
func New(f *ir.Func, ds data.Dataset, batch int, mean, std []float64, calls *Calls) (*Program, error) {
	p := &Program{f: f, ds: ds, batch: batch, mean: mean, std: std, maxDecoded: MaxDecoded, constants: map[ir.ID]buf.Buf{},
		def: make([]int, len(f.Shapes)), run: make([]runner, len(f.Instrs)), site: make([]int, len(f.Instrs))}
	if calls != nil {
		p.calls = *calls
	}
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
		row, ok := lookup(in.Op)
		if !ok {
			return nil, p.fault(in, "a view program cannot run it")
		}
		if row.check != nil {
			if err := row.check(p, in); err != nil {
				return nil, p.fault(in, err.Error())
			}
		}
		p.run[i] = row.run
		switch {
		case in.Op == "note":
			p.notes = append(p.notes, i)
		case in.Op == "call" && in.Attrs.Str("callee") == pixelsCallee:
			p.site[i] = len(p.pixels)
			p.pixels = append(p.pixels, i)
		case in.Op == "call":
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
	q.Outputs, q.cropped, q.explained, q.states = nil, nil, nil, nil
	for _, o := range p.Outputs {
		c := *o
		c.Data = nil
		q.Outputs = append(q.Outputs, &c)
	}
	return &q
}

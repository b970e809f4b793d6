// Package view owns view programs: what a pretext task makes of each image,
// run natively for many samples in parallel. Every draw has a key of its own,
// so a batch is a pure function of (seed, epoch, positions). Start from [New].
package view

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/view/pix"
)

// Rect is a crop in pixels.
type Rect struct{ Y, X, H, W int }

// Crops chooses rectangles for images of the given sizes, a key each.
type Crops func(sizes [][2]int, keys []rng.Key) ([]Rect, error)

// Output is a tensor that the program gives for each batch: views or targets
// stacked view by view.
type Output struct {
	Name  string
	Shape shape.Shape // of the whole batch
	parts []ir.ID     // one per view, in order
	Data  []byte
	item  int // bytes of one sample's part
}

// F32 is the i-th element of an output of numbers.
func (o *Output) F32(i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(o.Data[4*i:]))
}

// Program is a view program bound to a dataset.
type Program struct {
	f         *ir.Func
	def       []int // instruction of each value
	ds        data.Dataset
	batch     int
	mean, std []float64
	crops     Crops
	sites     []int // instructions that call a crop
	Outputs   []*Output
}

// New prepares a flat view function for batches of the given size.
func New(f *ir.Func, ds data.Dataset, batch int, mean, std []float64, crops Crops) (*Program, error) {
	p := &Program{f: f, ds: ds, batch: batch, mean: mean, std: std, crops: crops, def: make([]int, len(f.Shapes))}
	for i := range p.def {
		p.def[i] = -1
	}
	for i := range f.Instrs {
		in := &f.Instrs[i]
		for _, v := range in.Out {
			p.def[v] = i
		}
		switch {
		case in.Op == "call":
			p.sites = append(p.sites, i)
		case runners[in.Op] == nil:
			return nil, fmt.Errorf("view: %s:%d: a view program cannot run %s", in.Loc.File, in.Loc.Line, in.Op)
		}
	}
	return p, p.group()
}

// group stacks views of one size, and targets of one name, in the program's order.
func (p *Program) group() error {
	var last *Output
	groups := 0
	targets := map[string]*Output{}
	for _, o := range p.f.Outputs {
		s := p.f.Shape(o.Value)
		kind, rest, _ := strings.Cut(o.Name, ".")
		switch kind {
		case "view":
			if s.DType != dtype.F32 || s.Rank() != 3 {
				return fmt.Errorf("view: output %s: expected f32[H,W,C], found %s", o.Name, s)
			}
			if last == nil || !shape.SameDims(p.f.Shape(last.parts[0]).Dims, s.Dims) {
				last = &Output{Name: "views." + strconv.Itoa(groups)}
				groups++
				p.Outputs = append(p.Outputs, last)
			}
			last.parts = append(last.parts, o.Value)
		case "target":
			name := rest
			if i := strings.LastIndexByte(rest, '.'); i >= 0 {
				name = rest[:i]
			}
			t := targets[name]
			if t == nil {
				t = &Output{Name: "target." + name}
				targets[name] = t
				p.Outputs = append(p.Outputs, t)
			}
			t.parts = append(t.parts, o.Value)
		default:
			return fmt.Errorf("view: output %q is neither a view nor a target", o.Name)
		}
	}
	if groups == 0 {
		return fmt.Errorf("view: the program gives no view")
	}
	for _, o := range p.Outputs {
		s := p.f.Shape(o.parts[0])
		o.item = s.Bytes()
		o.Shape = shape.Of(s.DType, append([]int{len(o.parts) * p.batch}, s.Dims...)...)
		o.Data = make([]byte, o.Shape.Bytes())
	}
	sort.SliceStable(p.Outputs, func(i, j int) bool { return p.Outputs[i].Name > p.Outputs[j].Name })
	return nil
}

// Fork is the same program with outputs of its own, to fill while another is read.
func (p *Program) Fork() *Program {
	q := *p
	q.Outputs = nil
	for _, o := range p.Outputs {
		c := *o
		c.Data = make([]byte, len(o.Data))
		q.Outputs = append(q.Outputs, &c)
	}
	return &q
}

// Replacement is an image that could not be read and the one taken instead.
type Replacement struct {
	ID  string
	Err error
}

// Fill computes the outputs for the dataset positions of a batch. Images that
// cannot be read are replaced by the next that can; they are returned.
func (p *Program) Fill(workers *pool.Pool, indices []int, key rng.Key) ([]Replacement, error) {
	b := &batch{p: p, indices: indices, key: key, images: make([]data.Image, len(indices)), bad: make([][]Replacement, len(indices)), errs: make([]error, len(indices))}
	workers.Run(len(indices), (*decodeTask)(b))
	var skipped []Replacement
	for i := range indices {
		if b.errs[i] != nil {
			return nil, b.errs[i]
		}
		skipped = append(skipped, b.bad[i]...)
	}
	if len(p.sites) > 0 {
		var sizes [][2]int
		var keys []rng.Key
		for i := range indices {
			for _, s := range p.sites {
				sizes = append(sizes, [2]int{b.images[i].H, b.images[i].W})
				keys = append(keys, b.sampleKey(i).Fold(uint64(1+p.f.Instrs[s].Attrs.Int("view", 0))))
			}
		}
		var err error
		if b.rects, err = p.crops(sizes, keys); err != nil {
			return nil, err
		}
		if len(b.rects) != len(sizes) {
			return nil, fmt.Errorf("view: expected %d rectangles, found %d", len(sizes), len(b.rects))
		}
		for i, r := range b.rects {
			if r.Y < 0 || r.X < 0 || r.H < 1 || r.W < 1 || r.Y+r.H > sizes[i][0] || r.X+r.W > sizes[i][1] {
				return nil, fmt.Errorf("view: a crop of an image of %d x %d is not inside it: %+v", sizes[i][0], sizes[i][1], r)
			}
		}
	}
	b.states = make([]*sample, workers.Workers())
	workers.Run(len(indices), (*viewTask)(b))
	return skipped, nil
}

type batch struct {
	p       *Program
	indices []int
	key     rng.Key
	images  []data.Image
	rects   []Rect
	bad     [][]Replacement
	errs    []error
	states  []*sample
}

func (b *batch) sampleKey(i int) rng.Key { return b.key.Fold(uint64(b.indices[i])) }

type decodeTask batch

// maxReplaced bounds how far from a bad image a replacement is looked for.
const maxReplaced = 16

// Chunk decodes one image, or the next that can be read.
func (b *decodeTask) Chunk(i, _ int) {
	at := b.indices[i]
	for range maxReplaced {
		img, err := b.p.ds.Decode(at)
		if err == nil {
			b.images[i] = img
			return
		}
		b.bad[i] = append(b.bad[i], Replacement{b.p.ds.ID(at), err})
		at = (at + 1) % b.p.ds.Len()
	}
	b.errs[i] = fmt.Errorf("view: %d images in a row cannot be read, the first: %w", maxReplaced, b.bad[i][0].Err)
}

type viewTask batch

// Chunk runs the program for one sample.
func (b *viewTask) Chunk(i, worker int) {
	s := b.states[worker]
	if s == nil {
		s = newSample(b.p)
		b.states[worker] = s
	}
	s.image, s.key = b.images[i], (*batch)(b).sampleKey(i).Fold(0)
	if n := len(b.p.sites); n > 0 {
		s.rects = b.rects[i*n : (i+1)*n]
	}
	clear(s.done)
	for _, o := range b.p.Outputs {
		for v, id := range o.parts {
			s.eval(id)
			s.store(id, o.Data[(v*len(b.indices)+i)*o.item:][:o.item])
		}
	}
}

// sample is the state of one worker: a memory per value, filled on demand, so
// that the branch of a select that is not taken costs nothing.
type sample struct {
	p       *Program
	image   data.Image
	key     rng.Key
	rects   []Rect
	done    []bool
	values  []value
	scratch pix.Scratch
}

// value is whichever field its type needs.
type value struct {
	pix  []uint8
	f    []float32
	i    []int32
	rect Rect
}

func newSample(p *Program) *sample {
	return &sample{p: p, done: make([]bool, len(p.f.Shapes)), values: make([]value, len(p.f.Shapes))}
}

func (s *sample) eval(id ir.ID) *value {
	v := &s.values[id]
	if s.done[id] {
		return v
	}
	s.done[id] = true
	d := s.p.def[id]
	if d < 0 { // the image itself
		return v
	}
	in := &s.p.f.Instrs[d]
	if in.Op == "call" {
		for k, site := range s.p.sites {
			if site == d {
				v.rect = s.rects[k]
			}
		}
		return v
	}
	runners[in.Op](s, in, d, v)
	return v
}

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path"
	"strings"

	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/rundir/atomicfile"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/registry"
)

// images opens the folder, and makes the one of the results.
func (c *pluginTryCmd) images() (data.Dataset, int, error) {
	set, err := data.Open(data.Folder, data.Options{Path: c.In, EXIF: true})
	if err != nil {
		return nil, 0, fmt.Errorf("try: %w", err)
	}
	if set.Train.Len() == 0 {
		return nil, 0, fmt.Errorf("try: %s: expected images, found none", c.In)
	}
	return set.Train, min(c.Limit, set.Train.Len()), os.MkdirAll(c.Out, 0o755)
}

// cropped is a line of rects.json: a crop in pixels.
type cropped struct {
	Image   string `json:"image"`
	Size    [2]int `json:"size"` // height, width
	View    int    `json:"view"`
	Rect    [4]int `json:"rect"` // y, x, height, width
	Picture string `json:"picture"`
}

// crops asks for crops of every image and cuts them out: rects.json and pictures.
func (c *pluginTryCmd) crops(con *console, _ *pluginSet, x *client.Client, _ *registry.Resolved) error {
	set, n, err := c.images()
	if err != nil {
		return err
	}
	var req view.CropRequest
	pictures := make([]data.Image, n)
	for i := range n {
		if pictures[i], err = set.Decode(i); err != nil {
			return fmt.Errorf("try: %w", err)
		}
		for v := range c.Views {
			req.Sizes, req.Views = append(req.Sizes, [2]int{pictures[i].H, pictures[i].W}), append(req.Views, v)
			req.Keys = append(req.Keys, rng.New(c.Seed).Fold(uint64(i)).Fold(uint64(v)))
		}
	}
	rects, err := x.Crops(con.ctx, req)
	if err != nil {
		return err
	}
	var list []cropped
	for k, r := range rects {
		i, v := k/c.Views, k%c.Views
		img := pictures[i]
		if r.Y < 0 || r.X < 0 || r.H < 1 || r.W < 1 || r.H > img.H-r.Y || r.W > img.W-r.X {
			return fmt.Errorf("try: %s, view %d: expected a rectangle of 1 pixel or more inside %d x %d (height x width), found %d x %d at row %d, column %d", set.ID(i), v, img.H, img.W, r.H, r.W, r.Y, r.X)
		}
		name := pictureName(i, set.ID(i), v)
		at := func(y, x int) []uint8 { return img.Pix[((r.Y+y)*img.W+r.X+x)*img.C:][:img.C] }
		if err := c.picture(name, r.H, r.W, at); err != nil {
			return err
		}
		list = append(list, cropped{set.ID(i), [2]int{img.H, img.W}, v, [4]int{r.Y, r.X, r.H, r.W}, name})
	}
	if err := atomicfile.WriteBytes(c.in("rects.json"), rows(list)); err != nil {
		return fmt.Errorf("try: %w", err)
	}
	fmt.Fprintf(con.out, "%s: %d crops of %d images, and a picture of each\n", c.in("rects.json"), len(list), n)
	return nil
}

// rows is a list as JSON, a line for each.
func rows(list []cropped) []byte {
	b := []byte("[")
	for i, x := range list {
		if i > 0 {
			b = append(b, ',')
		}
		line, _ := json.Marshal(x) // of strings and numbers
		b = append(append(b, "\n  "...), line...)
	}
	return append(b, "\n]\n"...)
}

// views runs the view program, of an augmentation that of a task with two views of
// the whole image: views.safetensors with what an objective gets, and pictures.
func (c *pluginTryCmd) views(con *console, s *pluginSet, x *client.Client, r *registry.Resolved) error {
	set, n, err := c.images()
	if err != nil {
		return err
	}
	plugins := train.Plugins{Pretext: x}
	info := &r.Manifest.Info
	others := map[string]string{experiment.Crop: info.DefaultCrop, experiment.Augment: info.DefaultAugment}
	if info.Kind == experiment.Augment {
		plugins = train.Plugins{Augment: x}
		others = map[string]string{experiment.Pretext: "fw/simclr", experiment.Crop: "fw/center-crop"}
	}
	for kind, to := range map[string]**client.Client{experiment.Pretext: &plugins.Pretext, experiment.Crop: &plugins.Crop, experiment.Augment: &plugins.Augment} {
		if others[kind] == "" {
			continue
		}
		other, err := s.Resolve(kind, others[kind])
		if err != nil {
			return err
		}
		if *to, err = s.client(con.ctx, other, nil); err != nil {
			return err
		}
	}
	f, err := plugins.Views(con.ctx, train.Facts{Batch: n, Samples: n, Channels: 3, ImageSize: c.Size})
	if err != nil {
		return err
	}
	p, err := view.New(f, set, n, nil, nil, plugins.Calls(con.ctx))
	if err != nil {
		return err
	}
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i
	}
	workers := pool.New(0)
	defer workers.Close()
	skipped, err := p.Fill(workers, indices, rng.New(c.Seed))
	if err != nil {
		return err
	}
	if len(skipped) > 0 {
		return fmt.Errorf("try: %s: %w", skipped[0].ID, skipped[0].Err)
	}
	return c.shown(con, set, p.Outputs, n)
}

// shown writes outputs, and a picture of every view that is one.
func (c *pluginTryCmd) shown(con *console, set data.Dataset, outputs []*view.Output, n int) error {
	var items []tensor.Item
	first, pictures := 0, 0
	for _, o := range outputs {
		t, err := tensor.Of(o.Shape, o.Data)
		if err != nil {
			return fmt.Errorf("try: %s: %w", o.Name, err)
		}
		items = append(items, tensor.Item{Name: o.Name, Tensor: t})
	}
	for _, o := range outputs {
		d := o.Shape.Dims
		if !strings.HasPrefix(o.Name, "views.") {
			continue
		}
		for k := range d[0] {
			if len(d) != 4 || d[3] != 1 && d[3] != 3 {
				break // tiles, or more than colours
			}
			at := func(y, x int) []uint8 {
				pixel := make([]uint8, d[3])
				for ch := range pixel {
					pixel[ch] = uint8(min(max(o.F32(((k*d[1]+y)*d[2]+x)*d[3]+ch), 0), 1)*255 + 0.5)
				}
				return pixel
			}
			if err := c.picture(pictureName(k%n, set.ID(k%n), first+k/n), d[1], d[2], at); err != nil {
				return err
			}
			pictures++
		}
		first += d[0] / n
	}
	if err := writeTensors(c.in("views.safetensors"), items); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: what an objective gets of %d images, and %d pictures\n", c.in("views.safetensors"), n, pictures)
	return nil
}

// pictureName is distinct for each image and view.
func pictureName(i int, id string, view int) string {
	base := path.Base(id)
	return fmt.Sprintf("%03d-%s-view%d.png", i, strings.TrimSuffix(base, path.Ext(base)), view)
}

// picture writes a PNG of pixels of one or three channels.
func (c *pluginTryCmd) picture(name string, h, w int, at func(y, x int) []uint8) error {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p := at(y, x)
			img.SetRGBA(x, y, color.RGBA{p[0], p[len(p)/2], p[len(p)-1], 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return fmt.Errorf("try: %w", err)
	}
	if err := atomicfile.WriteBytes(c.in(name), b.Bytes()); err != nil {
		return fmt.Errorf("try: %w", err)
	}
	return nil
}

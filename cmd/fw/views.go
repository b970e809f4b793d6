package main

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/rundir/atomicfile"
)

type viewsCmd struct {
	fileArgs
	Out     string `help:"PNG file to write." default:"views.png"`
	Samples int    `help:"Images to show." default:"8"`
	Epoch   int    `help:"Whose draws to show." default:"0"`
}

// Run draws a contact sheet: a row for each image, the original left, its views beside.
func (c *viewsCmd) Run(con *console) error {
	session, s, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	defer session.Trainer.Close()
	sheet, err := session.Sheet(c.Epoch, c.Samples)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(c.Out, func(w io.Writer) error { return png.Encode(w, contactSheet(sheet)) }); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: %d images, the original left, then its %d views\n", c.Out, len(sheet), len(sheet[0])-1)
	return nil
}

// gap is the space around a cell, in pixels of the sheet.
const gap = 6

// contactSheet lays pictures out in rows, each enlarged by a whole factor to at least 96 pixels.
func contactSheet(rows [][]core.Picture) image.Image {
	cell := 0
	for _, row := range rows {
		for _, p := range row {
			cell = max(cell, p.Size*factor(p.Size))
		}
	}
	out := image.NewNRGBA(image.Rect(0, 0, gap+len(rows[0])*(cell+gap), gap+len(rows)*(cell+gap)))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{Y: 0xf4}), image.Point{}, draw.Src)
	for y, row := range rows {
		for x, p := range row {
			k := factor(p.Size)
			for i := range p.Size * k {
				for j := range p.Size * k {
					px := p.Pix[(i/k*p.Size+j/k)*p.Channels:]
					g := color.NRGBA{px[0], px[0], px[0], 0xff}
					if p.Channels == 3 {
						g.G, g.B = px[1], px[2]
					}
					out.SetNRGBA(gap+x*(cell+gap)+j, gap+y*(cell+gap)+i, g)
				}
			}
		}
	}
	return out
}

func factor(size int) int { return max(1, (96+size-1)/size) }

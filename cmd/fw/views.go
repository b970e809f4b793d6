package main

import (
	"fmt"

	"github.com/fwlab/fw/core/rundir/atomicfile"
)

type viewsCmd struct {
	fileArgs
	Out     string `help:"PNG file to write." default:"views.png"`
	Samples int    `help:"Images to show." default:"8"`
	Epoch   int    `help:"Whose draws to show." default:"0"`
}

// Run draws a contact sheet: a row for each image, the original left, beside it its views
// and what else the pretext task shows.
func (c *viewsCmd) Run(con *console) error {
	if c.Samples < 1 || c.Epoch < 0 {
		return fmt.Errorf("views: expected --samples of 1 or more and --epoch of 0 or more, found %d and %d", c.Samples, c.Epoch)
	}
	session, s, err := c.open(con)
	if err != nil {
		return err
	}
	defer s.close()
	defer session.Trainer.Close()
	sheet, err := session.Views(c.Epoch, c.Samples)
	if err != nil {
		return err
	}
	data, err := sheet.PNG()
	if err != nil {
		return err
	}
	if err := atomicfile.WriteBytes(c.Out, data); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: %d images, the original left, then %d pictures of it\n", c.Out, len(sheet.Rows), len(sheet.Columns)-1)
	return nil
}

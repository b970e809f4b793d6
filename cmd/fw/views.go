package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/checkpoint"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/report"
	"github.com/fwlab/fw/core/report/chart"
	"github.com/fwlab/fw/core/rundir"
	"github.com/fwlab/fw/core/rundir/atomicfile"
)

type viewsCmd struct {
	File string `arg:"" help:"Experiment file (TOML), or a run directory: then with its encoder and boxes."`
	settings
	Out     string  `help:"PNG file to write." default:"views.png"`
	Samples int     `help:"Images to show." default:"8"`
	Epoch   int     `help:"Whose draws to show; the first is 0." default:"0"`
	Seed    *uint64 `help:"Instead of experiment.seed."`
	Compare string  `help:"Another experiment or run of the same images: it is shown first, and beside --out come charts of how the crops of both lie." placeholder:"FILE"`
	Crops   int     `help:"With --compare: images whose crops are counted." default:"2000"`
}

// Run draws a contact sheet: a row for each image, the original left, beside it its views
// and what else the pretext task shows.
func (c *viewsCmd) Run(con *console) error {
	if c.Samples < 1 || c.Epoch < 0 || c.Crops < 1 {
		return fmt.Errorf("views: expected --samples of 1 or more, --epoch of 0 or more and --crops of 1 or more, found %d, %d and %d", c.Samples, c.Epoch, c.Crops)
	}
	if c.Seed != nil {
		c.Set = append(c.Set, fmt.Sprintf("experiment.seed=%d", *c.Seed))
	}
	mine, err := c.look(con, c.File)
	if err != nil {
		return err
	}
	sheet := mine.sheet
	if c.Compare != "" {
		other, err := c.look(con, c.Compare)
		if err != nil {
			return err
		}
		if sheet, err = core.Beside(other.sheet, mine.sheet, other.crops.Name, mine.crops.Name); err != nil {
			return fmt.Errorf("views: %s and %s: %w", c.Compare, c.File, err)
		}
		overlap, centres := core.CropCharts(other.crops, mine.crops)
		fmt.Fprintf(con.out, "%s\n%s\n", other.crops, mine.crops)
		if err := c.charts(con, overlap, centres); err != nil {
			return err
		}
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

// charts writes the distributions of crops beside the sheet.
func (c *viewsCmd) charts(con *console, overlap, centres chart.Chart) error {
	base := strings.TrimSuffix(c.Out, filepath.Ext(c.Out))
	for name, x := range map[string]chart.Chart{"iou": overlap, "centres": centres} {
		svg := x.File()
		if svg == nil {
			continue
		}
		if err := atomicfile.WriteBytes(base+"-"+name+".svg", svg); err != nil {
			return err
		}
	}
	fmt.Fprintf(con.out, "%s-iou.svg, %s-centres.svg: how the crops of both lie\n", base, base)
	return nil
}

// seen is what an experiment shows of its first images.
type seen struct {
	sheet report.Sheet
	crops core.CropStats
}

func (c *viewsCmd) look(con *console, file string) (x seen, err error) {
	session, s, err := c.open(con, file)
	if err != nil {
		return x, err
	}
	defer s.close()
	defer session.Trainer.Close()
	if x.sheet, err = session.Views(c.Epoch, c.Samples); err != nil || c.Compare == "" {
		return x, err
	}
	x.crops, err = session.CropStats(c.Epoch, c.Crops)
	return x, err
}

// open builds the step of an experiment, or of a run with its last checkpoint.
func (c *viewsCmd) open(con *console, file string) (*core.Session, *pluginSet, error) {
	info, err := os.Stat(file)
	if err != nil || !info.IsDir() {
		args := fileArgs{File: file, settings: c.settings}
		return args.open(con)
	}
	dir, err := rundir.At(file)
	if err != nil {
		return nil, nil, err
	}
	s, err := openPlugins(con.ctx, c.registryArgs, dir.Resolved(), lockFile(file))
	if err != nil {
		return nil, nil, err
	}
	session, err := c.restore(con.ctx, s, dir)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return session, s, nil
}

func (c *viewsCmd) restore(ctx context.Context, s *pluginSet, dir rundir.Dir) (*core.Session, error) {
	e, err := experiment.Read(dir.Resolved(), s, c.Set...)
	if err != nil {
		return nil, err
	}
	ckpt, err := checkpoint.At(dir.Checkpoints()).Last()
	if err != nil {
		return nil, err
	}
	session, err := s.prepare(ctx, e, c.Workers)
	if err != nil {
		return nil, err
	}
	if err := session.Load(ckpt); err != nil {
		session.Trainer.Close()
		return nil, fmt.Errorf("views: %w", err)
	}
	return session, nil
}

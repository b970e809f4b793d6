package main

import (
	"fmt"

	"github.com/fwlab/fw/core"
	"github.com/fwlab/fw/core/experiment"
	"github.com/fwlab/fw/core/rundir"
)

const boxesProtocol = "boxes"

// boxes measures where the encoder looks, and what is cropped by that, against the
// boxes of objects.
func (c *evalCmd) boxes(con *console, dir rundir.Dir, s *pluginSet) error {
	for _, k := range c.Threshold {
		if !(k >= 0 && k < 1) {
			return fmt.Errorf("eval: --threshold: expected numbers of [0,1), found %g", k)
		}
	}
	if c.Draws < 1 {
		return fmt.Errorf("eval: --draws: expected 1 or more, found %d", c.Draws)
	}
	e, err := experiment.Read(dir.Resolved(), s)
	if err != nil {
		return err
	}
	session, ckpt, err := c.session(con, dir, s, e)
	if err != nil {
		return err
	}
	defer session.Trainer.Close()
	list, err := session.Localization(con.ctx, ckpt, c.Threshold, c.Draws)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(con.out, list); err != nil {
			return err
		}
	} else {
		for _, l := range list {
			for _, line := range l.Lines() {
				fmt.Fprintln(con.out, line)
			}
		}
	}
	return addTo(dir, func() error { return core.AddLocalization(dir, list) })
}

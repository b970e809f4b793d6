package main

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/fwlab/fw/scaffold"
)

type pluginNewCmd struct {
	Name string `arg:"" help:"The plugin's id, as alice/halves, or its name alone, which means mine/NAME."`
	Kind string `help:"pretext, loss, crop, augment or backbone." enum:"pretext,loss,crop,augment,backbone" required:""`
	Lang string `help:"Language to write it in: ${languages}." default:"go"`
	Dir  string `help:"Folder to make, instead of one of the plugin's name." placeholder:"DIR"`
}

// Run makes the folder and says what comes next.
func (c *pluginNewCmd) Run(con *console) error {
	id, dir := c.Name, c.Dir
	if !strings.Contains(id, "/") {
		id = "mine/" + id
	}
	if dir == "" {
		dir = path.Base(id)
	}
	if err := scaffold.Make(dir, id, c.Kind, c.Lang); err != nil {
		return err
	}
	fmt.Fprintf(con.out, "%s: a plugin of kind %s in %s, with an experiment and the SDK\n\n    cd %s\n    fw plugin build\n    fw plugin test\n    fw run experiment.toml\n",
		filepath.ToSlash(dir), c.Kind, c.Lang, dir)
	return nil
}

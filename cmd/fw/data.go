package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/fwlab/fw/core/data"
	"github.com/fwlab/fw/core/data/fetch"
	"github.com/fwlab/fw/core/report/words"
)

type dataCmd struct {
	List dataListCmd `cmd:"" help:"List the public datasets that fw data get brings: address, size, sha256."`
	Get  dataGetCmd  `cmd:"" help:"Download a public dataset, check it, and unpack it. A download that was cut goes on."`
	Info dataInfoCmd `cmd:"" help:"Say what lies at a path: format, images, classes, sizes, and the [data] section to write."`
}

type dataListCmd struct {
	JSON bool `help:"Print JSON for programs."`
}

// Run prints the public sets and the datasets that [data] takes.
func (c *dataListCmd) Run(con *console) error {
	if c.JSON {
		return printJSON(con.out, fetch.Sets())
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tIMAGES\tBYTES\tSHA256\tADDRESS")
	for _, s := range fetch.Sets() {
		name, images := s.Name, fmt.Sprint(s.Images)
		for _, f := range s.Files {
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\n", name, images, f.Size, f.SHA256, f.URL)
			name, images = "", ""
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(con.out, "\n[data] dataset takes: %s. fashion-mnist without a path, synthetic and shapes need no files.\n", strings.Join(data.Names(), ", "))
	return err
}

type dataGetCmd struct {
	Name string `arg:"" help:"A name of fw data list."`
	Dir  string `help:"Where the dataset's folder is put." default:"data"`
	From string `help:"A folder or an address that has the files, in place of the official address." placeholder:"DIR|URL"`
	Keep bool   `help:"Keep the downloaded archives."`
}

// Run brings a public set and says how to use it.
func (c *dataGetCmd) Run(con *console) error {
	s, err := fetch.Find(c.Name)
	if err != nil {
		return err
	}
	if c.From == "" {
		fmt.Fprintf(con.errout, "%s\n%s; licence: %s\n", s.Title, s.Page, s.Licence)
	}
	show := transfer{out: con.errout, terminal: screen(con.errout).Terminal}
	r, err := fetch.Get(con.ctx, s, fetch.Options{Dir: c.Dir, From: c.From, Keep: c.Keep, Progress: show.progress})
	if err != nil {
		return err
	}
	if r.Already {
		fmt.Fprintf(con.errout, "%s is already there; remove it to get it again\n", r.Path)
	}
	info, err := data.Inspect(r.Path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "%s: for an experiment:\n\n%s", filepath.ToSlash(r.Path), info.Section)
	return err
}

// transfer shows how far a download is: a bar on a terminal, a line every tenth elsewhere.
type transfer struct {
	out      io.Writer
	terminal bool
	file     string
	tenths   int64
	bar      *progressbar.ProgressBar
}

func (t *transfer) progress(file string, done, total int64) {
	if file != t.file {
		t.file, t.tenths = file, done*10/total
		if t.terminal {
			t.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(t.out), progressbar.OptionSetDescription(file), progressbar.OptionShowBytes(true),
				progressbar.OptionSetWidth(20), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionOnCompletion(func() { fmt.Fprintln(t.out) }))
		}
	}
	if t.terminal {
		// What the bar cannot draw must not end the download.
		_ = t.bar.Set64(done)
		return
	}
	if tenths := done * 10 / total; tenths > t.tenths || done == total {
		t.tenths = tenths
		fmt.Fprintf(t.out, "%s: %s of %s MB\n", file, words.OneDecimal(float64(done)/1e6), words.OneDecimal(float64(total)/1e6))
	}
}

type dataInfoCmd struct {
	Path string `arg:"" help:"A folder or a tar."`
	JSON bool   `help:"Print JSON for programs."`
}

// shownClasses is how many classes fw data info lists by name.
const shownClasses = 20

// Run prints what lies at the path.
func (c *dataInfoCmd) Run(con *console) error {
	info, err := data.Inspect(c.Path)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(con.out, info)
	}
	w := tabwriter.NewWriter(con.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "format\t%s\n", info.Dataset)
	for _, s := range info.Splits {
		fmt.Fprintf(w, "%s\t%d images, %d with a label\n", s.Name, s.Images, s.Labelled)
	}
	fmt.Fprintf(w, "classes\t%d\n", len(info.Classes))
	for i, k := range info.Classes {
		if i == shownClasses {
			fmt.Fprintf(w, "\t... and %d more\n", len(info.Classes)-i)
			break
		}
		fmt.Fprintf(w, "\t%s: %d train, %d test\n", printable(k.Name), k.Train, k.Test)
	}
	z := info.Sizes
	fmt.Fprintf(w, "sizes\t%s high, %s wide, of %d images looked at\n", span(z.MinHeight, z.MaxHeight), span(z.MinWidth, z.MaxWidth), z.LookedAt)
	for _, u := range info.Unreadable {
		fmt.Fprintf(w, "unreadable\t%s\n", printable(u))
	}
	if info.Incomplete != "" {
		fmt.Fprintf(w, "incomplete\t%s\n", printable(info.Incomplete))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "\n%s", info.Section)
	return err
}

func span(lo, hi int) string {
	if lo == hi {
		return fmt.Sprint(lo)
	}
	return fmt.Sprintf("%d to %d", lo, hi)
}

// printable keeps names out of files from driving the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

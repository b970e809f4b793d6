package tomlx_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/tomlx"
	"github.com/fwlab/fw/core/tomlx/tomltest"
)

// read is a small strict language: what the golden files are written in.
func read(root *tomlx.Node, ps *tomlx.Problems) {
	r := tomlx.NewReader(root, ps)
	r.Need(&schema.Param{Name: "seed", Type: schema.Int, HasMin: true})
	r.Value(&schema.Param{Name: "rate", Type: schema.Float, HasMax: true, Max: 1})
	r.Value(&schema.Param{Name: "list", Type: schema.Ints})
	r.Value(&schema.Param{Name: "when", Type: schema.String})
	r.Value(&schema.Param{Name: "deep", Type: schema.Float})
	r.Strings("names")
	r.Table("table")
	r.Tables("tables")
	r.Done(nil)
}

func TestGolden(t *testing.T) {
	tomltest.Golden(t, "testdata/*.txt", func(_ *testing.T, parts map[string]string) string {
		root, err := tomlx.Parse("x.toml", []byte(parts["x.toml"]))
		if err != nil {
			return err.Error()
		}
		var ps tomlx.Problems
		if sets := strings.TrimSpace(parts["set"]); sets != "" {
			tomlx.Set(root, "--set", strings.Split(sets, "\n"), &ps)
		}
		read(root, &ps)
		return ps.Err().Error()
	})
}

func TestParseBoundsItsWork(t *testing.T) {
	for want, src := range map[string]string{
		"x.toml: a file of 1048577 bytes, at most 1048576 are read":        strings.Repeat("\n", tomlx.MaxBytes+1),
		"x.toml:1:21: toml: lists and tables nested more than 16 deep":     "a = " + strings.Repeat("[", tomlx.MaxBytes/2),
		"x.toml:1:33: toml: a key of more than 16 parts":                   strings.Repeat("a.", tomlx.MaxBytes/4) + "a = 1",
		"x.toml:2:2: toml: a key of 1000 bytes, at most 256 are read":      "\n[" + strings.Repeat("a", 1000) + "]",
		"x.toml:2:4: toml: byte 0xff is not UTF-8; save the file as UTF-8": "\nab \xff",
		"x.toml:1:2: toml: a zero byte; save the file as UTF-8 text":       "a\x00",
	} {
		if _, err := tomlx.Parse("x.toml", []byte(src)); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestErrorsListsFifty(t *testing.T) {
	var ps tomlx.Problems
	for i := range 60 {
		ps.Add(tomlx.Pos{File: "x", Line: i + 1, Col: 1}, "bad")
	}
	err := ps.Err()
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 51 || lines[50] != "and 10 more" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
	var all tomlx.Errors
	if !errors.As(err, &all) || len(all) != 60 {
		t.Errorf("%d problems kept, want 60", len(all))
	}
}

func TestSetReplacesInPlace(t *testing.T) {
	root, err := tomlx.Parse("x.toml", []byte("[[eval]]\nk = 1\n[[eval]]\nk = 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	var ps tomlx.Problems
	tomlx.Set(root, "--set", []string{"eval.1.k=7", "a.b=fw/x@1.0"}, &ps)
	if err := ps.Err(); err != nil {
		t.Fatal(err)
	}
	k := root.Field("eval").Items[1].Field("k")
	if k.Value.I != 7 || k.Path != "eval.1.k" || k.At.String() != "--set eval.1.k=7" {
		t.Errorf("got %v at %v", k.Value, k.At)
	}
	if b := root.Field("a").Field("b"); b.Value.S != "fw/x@1.0" || b.Path != "a.b" {
		t.Errorf("got %v at %v", b.Value, b.Path)
	}
	if first := root.Field("eval").Items[0].Field("k"); first.Value.I != 1 || first.Key.String() != "x.toml:2:1" {
		t.Errorf("the first entry became %v at %v", first.Value, first.Key)
	}
}

func TestWriterReadsBack(t *testing.T) {
	var w tomlx.Writer
	w.Set("seed", schema.OfInt(1))
	w.Table("a")
	w.SetString("s", "x\"\n")
	w.SetString("none", "")
	w.Item("b.c")
	w.SetStrings("list", []string{"one", "two"})
	const want = "seed = 1\n\n[a]\ns = \"x\\\"\\n\"\n\n[[b.c]]\nlist = [\"one\", \"two\"]\n"
	if got := string(w.Bytes()); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := tomlx.Parse("w", w.Bytes()); err != nil {
		t.Error(err)
	}
}

package fw

import (
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Methods that plugins implement. The host runs what they trace and knows none of them.
var methods = []string{"simclr", "moco", "byol", "simsiam", "barlow", "vicreg", "swav", "dino", "nnclr", "instdisc", "jigsaw", "deepcluster", "colorization",
	"simmim", "beit", "dvae", "discrete vae", "ntxent", "nt-xent", "supcon", "rotnet", "contrastivecrop", "contrastive-crop", "fw/rotation", "fw/mae", "maskedautoencoder", "masked-mse", "maskedmse",
	"relativeposition", "relative-position", "rebalanced",
	"masked-l1", "maskedl1", "denoising", "contextencoder", "context-encoder", "inpaint"}

// The code of core, comments and tests aside, names no method.
func TestCoreNamesNoMethod(t *testing.T) {
	err := filepath.WalkDir("core", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file := set.AddFile(path, -1, len(src))
		var s scanner.Scanner
		s.Init(file, src, nil, 0)
		for {
			pos, tok, text := s.Scan()
			if tok == token.EOF {
				return nil
			}
			if tok != token.IDENT && tok != token.STRING {
				continue
			}
			text = strings.ReplaceAll(strings.ToLower(text), "dinosaur", "") // a class of CIFAR-100
			for _, m := range methods {
				if strings.Contains(text, m) {
					t.Errorf("%s names %s", set.Position(pos), m)
				}
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

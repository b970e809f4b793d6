package experiments

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The halves of a pair differ in as little as they say.
func TestPairsDifferInTheirCropsAlone(t *testing.T) {
	comment := regexp.MustCompile(`(?m) *#.*$`)
	lines := func(file string) []string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSpace(comment.ReplaceAllString(string(text), "")), "\n")
	}
	only := func(a, b []string) (list []string) {
		for _, l := range a {
			if !slices.Contains(b, l) {
				list = append(list, l)
			}
		}
		return list
	}
	for _, c := range []struct {
		random, contrastive string
		of, by              []string
	}{
		{"study/simclr-random-crop.toml", "study/simclr-contrastive-crop.toml", []string{`name = "study-simclr-random-crop"`, "warmup_epochs = 15"}, []string{`name = "study-simclr-contrastive-crop"`, "warmup_epochs = 3"}},
		{"moco-cifar10-small.toml", "ccrop-moco-cifar10-small.toml", []string{`name = "moco-cifar10-small"`, `use = "fw/random-resized-crop"`}, nil},
		{"byol-cifar10-small.toml", "ccrop-byol-cifar10-small.toml", []string{`name = "byol-cifar10-small"`, `use = "fw/random-resized-crop"`}, nil},
		{"simsiam-cifar10-small.toml", "ccrop-simsiam-cifar10-small.toml", []string{`name = "simsiam-cifar10-small"`, `use = "fw/random-resized-crop"`}, nil},
	} {
		if c.by == nil {
			c.by = []string{`name = "` + strings.TrimSuffix(c.contrastive, ".toml") + `"`, `use = "fw/contrastive-crop"`, "alpha = 0.1", "[localization]", "warmup_epochs = 2", "every_epochs = 2", "threshold = 0.5"}
		}
		a, b := lines(c.random), lines(c.contrastive)
		if got := only(a, b); !slices.Equal(got, c.of) {
			t.Errorf("%s alone has %q", c.random, got)
		}
		if got := only(b, a); !slices.Equal(got, c.by) {
			t.Errorf("%s alone has %q", c.contrastive, got)
		}
	}
}

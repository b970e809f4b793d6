package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// viewRow is views that both sides make, of the same files. The file is
// experiments/bench/<name>.toml, the peer is bench/peer/views.py.
type viewRow struct {
	name, title string
	flag        string   // of the peer: where the images are
	set         []string // of fw
}

var viewRows = []viewRow{
	{"views-cifar10", "CIFAR-10, 32x32 in memory: crop, flip, jitter, grayscale", "--cifar", []string{"--set", "data.allow_partial=true"}},
	{"views-jpeg", "JPEG 500x375 to 224x224: the same and blur", "--photos", nil},
}

// viewTurn is what one process measured; both sides print these keys.
type viewTurn struct {
	PerSecond    float64           `json:"images_per_second"`
	PerCPUSecond float64           `json:"images_per_cpu_second"` // of one core's time
	PeakRSS      int64             `json:"peak_rss_bytes"`
	Decoded      int64             `json:"decoded_bytes,omitempty"` // of images at once; fw's alone
	Versions     map[string]string `json:"versions,omitempty"`
}

// viewPair is both sides' turns on one row.
type viewPair struct {
	Row    string     `json:"row"`
	Commit string     `json:"commit"` // of fw
	FW     []viewTurn `json:"fw"`
	Peer   []viewTurn `json:"peer"`
}

// views has both sides make views in turns, each on one thread.
func views(ctx context.Context, b *bench) error {
	if b.m.lacksPeer != "" {
		b.say("views are left out: %s", b.m.lacksPeer)
		return nil
	}
	folder, err := os.MkdirTemp("", "fw-photos-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(folder)
	images := map[string]string{"--cifar": b.CIFAR}
	if b.PhotoSource != "" {
		if _, err := b.m.start(ctx, nil, b.m.python, filepath.Join("bench", "peer", "photos.py"), b.PhotoSource, folder); err != nil {
			return fmt.Errorf("bench: --photo-source: %w", err)
		}
		images["--photos"] = folder
	}
	b.r.Views = nil
	for _, r := range viewRows {
		at := images[r.flag]
		if at == "" {
			b.say("%s: left out: no images (--cifar, --photo-source)", r.name)
			continue
		}
		seconds := strconv.FormatFloat(b.Seconds, 'g', -1, 64)
		sides := []func() (viewTurn, error){
			func() (viewTurn, error) {
				args := append([]string{"bench", "experiments/bench/" + r.name + ".toml", "--views", "--json", "--workers", "1", "--steps", "1000000", "--seconds", seconds, "--set", "data.path=" + at}, r.set...)
				return b.viewTurn(ctx, []string{"GOMAXPROCS=1"}, b.m.fw, args...)
			},
			func() (viewTurn, error) {
				return b.viewTurn(ctx, []string{"OMP_NUM_THREADS=1"}, b.m.python, filepath.Join("bench", "peer", "views.py"), r.flag, at, "--seconds", seconds)
			},
		}
		turns, err := inTurns(sides, b.Rounds, func(round int, side func() (viewTurn, error)) (viewTurn, error) {
			t, err := side()
			if err == nil {
				b.say("round %d of %d: %s: %.0f images in a second of one core's time", round+1, b.Rounds, r.name, t.PerCPUSecond)
			}
			return t, err
		})
		if err != nil {
			return fmt.Errorf("bench: %s: %w", r.name, err)
		}
		b.r.Views = append(b.r.Views, viewPair{r.name, b.m.commit, turns[0], turns[1]})
	}
	return b.save()
}

func (b *bench) viewTurn(ctx context.Context, env []string, program string, args ...string) (t viewTurn, err error) {
	out, err := b.m.start(ctx, env, program, args...)
	if err == nil {
		err = json.Unmarshal(out, &t)
	}
	if err == nil && !(t.PerCPUSecond > 0) {
		err = fmt.Errorf("no rate in %s", out)
	}
	return t, err
}

// viewed is the table of views.
func (r *results) viewed(b *strings.Builder) {
	if len(r.Views) == 0 {
		return
	}
	fmt.Fprintf(b, "\nTwo views of each image on one thread, images in a second of one core's time; torchvision %s on Pillow %s:\n\n", r.Views[0].Peer[0].Versions["torchvision"], r.Views[0].Peer[0].Versions["pillow"])
	b.WriteString("| views | fw, images/s | torchvision, images/s | fw / torchvision (least, most) | memory, fw / torchvision, MB |\n|---|---|---|---|---|\n")
	rate := func(t viewTurn) float64 { return t.PerCPUSecond }
	memory := func(t viewTurn) float64 { return float64(t.PeakRSS) / 1e6 }
	for _, p := range r.Views {
		title := p.Row
		if i := slices.IndexFunc(viewRows, func(v viewRow) bool { return v.name == p.Row }); i >= 0 {
			title = viewRows[i].title
		}
		x := ratios(p.FW, p.Peer, rate)
		fmt.Fprintf(b, "| %s | %.0f | %.0f | **%.1f** (%.1f, %.1f) | %.0f / %.0f |\n", title, median(p.FW, rate), median(p.Peer, rate), x.median, x.least, x.most, median(p.FW, memory), median(p.Peer, memory))
	}
}

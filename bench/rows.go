package main

import (
	"context"
	"strconv"
)

// row is one training step that both sides do.
type row struct {
	name    string
	title   string
	batch   int
	script  string   // in bench/peer
	flags   []string // of the script: the model
	layouts []string // that make a difference to it
}

// The file of a row is experiments/bench/<name>.toml; the work is described in
// docs/benchmarks.md.
var table = []row{
	{"simclr-resnet18-w64", "SimCLR, ResNet-18 width 64, batch 64", 64, "simclr.py", []string{"--width", "64"}, []string{"channels_last", "contiguous"}},
	{"simclr-resnet18-w16", "SimCLR, ResNet-18 width 16, batch 256", 256, "simclr.py", []string{"--width", "16"}, []string{"channels_last", "contiguous"}},
	{"mae-vit-tiny", "MAE, ViT-Tiny, 32 px, batch 128", 128, "mae.py", nil, []string{"contiguous"}},
	{"mae-vit-s16", "MAE, ViT-S/16, 224 px, batch 8", 8, "mae.py",
		[]string{"--size", "224", "--patch", "16", "--dim", "384", "--heads", "6", "--decoder-dim", "256", "--decoder-depth", "4", "--decoder-heads", "8"}, []string{"contiguous"}},
}

func (r *row) file() string { return "experiments/bench/" + r.name + ".toml" }

func rowNames() (names []string) {
	for _, r := range table {
		names = append(names, r.name)
	}
	return names
}

// rows measures each row: PyTorch's best configurations first, then all sides in turns.
func rows(ctx context.Context, b *bench) error {
	for i := range table {
		r := &table[i]
		if !b.wants(r.name) {
			continue
		}
		for _, precision := range b.Precisions {
			if precision == "f4" && r.script != "simclr.py" { // nothing in it to convolve
				continue
			}
			if err := b.row(ctx, r, precision); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) wants(name string) bool {
	for _, n := range b.Rows {
		if n == name {
			return true
		}
	}
	return len(b.Rows) == 0
}

// row measures one row in one arithmetic, for all numbers of threads at once, so
// that one thread and two are compared in the same rounds.
func (b *bench) row(ctx context.Context, r *row, precision string) error {
	var all []contestant
	lacks := map[string]string{"fw": b.m.lacksFW(ctx, r, precision), "PyTorch": b.m.lacksPeer}
	for side, lack := range lacks {
		if lack != "" {
			b.say("%s %s: %s is left out: %s", r.name, precision, side, lack)
		}
	}
	searches := map[int][]tried{}
	for _, threads := range b.Threads {
		if lacks["fw"] == "" {
			all = append(all, contestant{row: r, precision: precision, threads: threads})
		}
		if lacks["PyTorch"] != "" {
			continue
		}
		best, list, err := search(ctx, b, contestant{row: r, precision: precision, threads: threads})
		if err != nil {
			return err
		}
		searches[threads] = list
		all = append(all, best)
	}
	turns, err := alternate(ctx, b, all)
	if err != nil {
		return err
	}
	for _, threads := range b.Threads {
		p := pair{Row: r.name, Precision: precision, Threads: threads, Commit: b.m.commit, Lacks: lacks, Searched: searches[threads]}
		for i, c := range all {
			switch {
			case c.threads != threads:
			case c.peer == nil:
				p.FW = newSide(turns[i])
			default:
				p.Peer, p.Config = newSide(turns[i]), c.peer.String()
			}
		}
		b.r.put(p)
	}
	return b.save()
}

func itoa(n int) string { return strconv.Itoa(n) }

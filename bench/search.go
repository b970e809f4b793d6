package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// config is a way to run the peer.
type config struct {
	mode, layout string
	allocator    allocator
}

func (c *config) String() string { return c.mode + ", " + c.layout + ", " + c.allocator.name }

// allocator is how the peer's C library gives out memory.
type allocator struct {
	name string
	env  []string
}

// kept tells glibc not to give memory back between steps.
var kept = []string{"MALLOC_MMAP_MAX_=0", "MALLOC_TRIM_THRESHOLD_=1099511627776", "MALLOC_TOP_PAD_=67108864"}

// allocators are those that there are; the first is the likely best.
func allocators(preload []string) []allocator {
	if runtime.GOOS != "linux" {
		return []allocator{{"allocator as it comes", nil}}
	}
	list := []allocator{
		{"glibc, memory kept", kept},
		{"glibc, memory kept in huge pages", append([]string{"GLIBC_TUNABLES=glibc.malloc.hugetlb=1"}, kept...)},
		{"allocator as it comes", nil},
	}
	for _, name := range []string{"libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libtcmalloc.so.4", "libmimalloc.so.2"} {
		for _, dir := range []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"} {
			if path := filepath.Join(dir, name); exists(path) {
				preload = append(preload, path)
				break
			}
		}
	}
	for _, path := range preload {
		list = append(list, allocator{filepath.Base(path), []string{"LD_PRELOAD=" + path}})
	}
	return list
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// tried is a configuration with what it took.
type tried struct {
	Config string  `json:"config"`
	MS     float64 `json:"ms_per_step,omitempty"`
	Error  string  `json:"error,omitempty"`
}

// search finds the peer's best configuration: of all modes and layouts with the
// likely best allocator, then of all allocators with the best of those.
func search(ctx context.Context, b *bench, c contestant) (best contestant, list []tried, err error) {
	measure := func(g config) (float64, error) {
		c.peer = &g
		t, err := b.m.measure(ctx, c, b.SearchSeconds)
		if err != nil {
			b.say("%v", err)
		} else {
			b.say("%s: %.1f ms", c, t.MS)
		}
		return t.MS, err
	}
	memory := allocators(b.Preload)
	var first, second []config
	for _, mode := range b.Modes {
		for _, layout := range c.row.layouts {
			first = append(first, config{mode, layout, memory[0]})
		}
	}
	g, list, err := fastest(ctx, first, measure)
	if err != nil {
		return c, list, fmt.Errorf("bench: %s: no configuration of PyTorch works: %w", c.row.name, err)
	}
	for _, a := range memory[1:] {
		second = append(second, config{g.mode, g.layout, a})
	}
	if h, more, err := fastest(ctx, second, measure); len(more) > 0 {
		list = append(list, more...)
		if err == nil && msOf(list, h) < msOf(list, g) {
			g = h
		}
	}
	if ctx.Err() != nil {
		return c, list, ctx.Err()
	}
	c.peer = &g
	return c, list, nil
}

func msOf(list []tried, g config) float64 {
	for _, t := range list {
		if t.Config == g.String() {
			return t.MS
		}
	}
	return 0
}

// fastest tries configurations; one that fails is noted and left out. The error is
// of all, if none works.
func fastest(ctx context.Context, configs []config, measure func(config) (float64, error)) (best config, list []tried, err error) {
	var least float64
	var errs []error
	for _, g := range configs {
		if ctx.Err() != nil {
			return best, list, ctx.Err()
		}
		ms, err := measure(g)
		if err != nil {
			list = append(list, tried{Config: g.String(), Error: err.Error()})
			errs = append(errs, err)
			continue
		}
		list = append(list, tried{Config: g.String(), MS: ms})
		if least == 0 || ms < least {
			best, least = g, ms
		}
	}
	if least == 0 {
		return best, list, errors.Join(errs...)
	}
	return best, list, nil
}

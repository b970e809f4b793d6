package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/client"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/process"
	"github.com/fwlab/fw/core/host/process/confine"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/registry"
)

// artifact is a file, or this executable, that runs one plugin or several.
type artifact struct {
	host   *host.Plugin
	asked  sync.Once
	said   wire.DescribeReply
	failed error
}

// artifact is what runs a plugin, shared with the others that live in it.
func (s *pluginSet) artifact(p *registry.Resolved) *artifact {
	name := p.Path
	if p.Builtin != nil {
		name = "fw"
		if p.Builtin.Module != nil {
			name = p.Manifest.Info.ID
		}
	}
	key := fmt.Sprint(name, p.Artifact.SHA256, p.Manifest.Capabilities, p.Manifest.Limits.MemoryMiB)
	if s.artifacts[key] == nil {
		start := s.begin(p)
		if p.Artifact.Carrier == registry.WASM {
			start = remember(p)
		}
		h := host.New(name, start)
		if s.watch != nil {
			h.Watch = func(m abi.Method, began time.Time, took time.Duration) { s.watch(name, m, began, took) }
		}
		s.artifacts[key] = &artifact{host: h}
	}
	return s.artifacts[key]
}

// begin starts a plugin that the user trusts, if it is one that needs trust.
func (s *pluginSet) begin(p *registry.Resolved) func(context.Context) (host.Caller, error) {
	return s.gate.guard(p, starter(p, s.timeout))
}

// starter starts a plugin on its carrier. timeout bounds a call of a process; 0 is its
// default.
func starter(p *registry.Resolved, timeout time.Duration) func(context.Context) (host.Caller, error) {
	if p.Artifact.Carrier == registry.WASM {
		return startModule(p)
	}
	return startProcess(p, timeout)
}

// startProcess starts a file whose hash is checked each time, confined to what the
// trust gate let pass, or this executable.
func startProcess(p *registry.Resolved, timeout time.Duration) func(context.Context) (host.Caller, error) {
	return func(ctx context.Context) (host.Caller, error) {
		if p.Builtin == nil {
			granted := confine.Granted(p.Manifest.Capabilities, p.Manifest.Limits.MemoryMiB)
			return process.Start(ctx, process.Config{Path: p.Path, SHA256: p.Artifact.SHA256, Confine: &granted, CallTimeout: timeout})
		}
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		return process.Start(ctx, process.Config{Path: self, CallTimeout: timeout})
	}
}

// startModule compiles the bytes whose hash was checked.
func startModule(p *registry.Resolved) func(context.Context) (host.Caller, error) {
	return func(ctx context.Context) (host.Caller, error) {
		module, err := p.Module()
		if err != nil {
			return nil, err
		}
		return wasm.Open(ctx, module, moduleCache())
	}
}

// remember keeps what a module whose hash was checked has answered, and compiles it when
// it has to be.
func remember(p *registry.Resolved) func(context.Context) (host.Caller, error) {
	return func(context.Context) (host.Caller, error) {
		module, err := p.Module()
		if err != nil {
			return nil, err
		}
		return wasm.Remember(module, p.Artifact.SHA256, moduleCache()), nil
	}
}

// moduleCache is the user's folder of compiled modules and of their answers; "", for
// none, where there is no such folder that can be made. Nobody else's will do: what lies
// in it is run.
func moduleCache() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	cache = filepath.Join(cache, "fw", "wasm")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return ""
	}
	return cache
}

// ownHash is the sha256 of this executable, the artifact of what is built in as a
// process; "" where the file cannot be read. Locks leave it out.
var ownHash = sync.OnceValue(func() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(self)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
})

// describe asks the artifact once what it has.
func (a *artifact) describe(ctx context.Context) (wire.DescribeReply, error) {
	a.asked.Do(func() { a.said, a.failed = client.Describe(ctx, a.host) })
	return a.said, a.failed
}

// spent is the time that calls have taken so far.
func (s *pluginSet) spent() (d time.Duration) {
	for _, a := range s.artifacts {
		_, x := a.host.Stats()
		d += x
	}
	return d
}

func (s *pluginSet) close() {
	for _, a := range s.artifacts {
		a.host.Close()
	}
}

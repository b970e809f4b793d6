// Package sdktest owns the conformance of plugins: what a host may rely on,
// whatever the language and the carrier. Authors start from [Test], hosts, which
// have the plugin's bytes alone, from [Run].
package sdktest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/ir"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// Call passes a request to the artifact under test. An error is the plugin's own
// words, or a [Broken].
type Call func(m abi.Method, request []byte) (reply []byte, err error)

// Broken is how a call ended that the plugin did not answer: a panic, a trap, a
// crash, a time-out.
type Broken struct{ Err error }

func (b *Broken) Error() string { return b.Err.Error() }
func (b *Broken) Unwrap() error { return b.Err }

// Verdict of a check.
type Verdict string

const (
	Pass Verdict = "pass"
	Fail Verdict = "fail"
	Skip Verdict = "skip" // says nothing of this plugin
)

// Row is what one check found.
type Row struct {
	Check   string  `json:"check"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"`
}

// RowOf makes a row of what a check returns: an error made by [Skipped] skips, any
// other fails.
func RowOf(check, detail string, err error) Row {
	var skipped *skip
	switch {
	case errors.As(err, &skipped):
		return Row{check, Skip, err.Error()}
	case err != nil:
		return Row{check, Fail, err.Error()}
	}
	return Row{check, Pass, detail}
}

type skip struct{ why string }

func (s *skip) Error() string { return s.why }

// Skipped is the error of a check that says nothing of a plugin.
func Skipped(format string, args ...any) error { return &skip{fmt.Sprintf(format, args...)} }

// checks is all that is asked of a plugin, in this order; of all kinds where none
// are named. Each returns what it saw.
var checks = []struct {
	name  string
	kinds []string
	run   func(p *subject) (string, error)
}{
	{"describe", nil, (*subject).describe},
	{"parameters", nil, (*subject).parameters},
	{"repeat", nil, (*subject).repeat},
	{"gradients", []string{"loss"}, (*subject).gradients},
	{"chance", []string{"loss"}, (*subject).chance},
	{"crops", []string{"crop"}, (*subject).crops},
	{"messages", nil, (*subject).messages},
}

// Run does every check of the plugin of that id.
func Run(call Call, id string) []Row {
	p, err := newSubject(call, id)
	if err != nil {
		return []Row{RowOf("describe", "", err)}
	}
	var rows []Row
	for _, c := range checks {
		if c.kinds == nil || slices.Contains(c.kinds, p.info.Kind) {
			detail, err := c.run(p)
			rows = append(rows, RowOf(c.name, detail, err))
		}
	}
	return rows
}

// Test does every check of a plugin in a Go test, without a host.
func Test(t *testing.T, p *sdk.Plugin) {
	for _, r := range Run(InProcess(p), p.Info().ID) {
		t.Run(r.Check, func(t *testing.T) {
			switch r.Verdict {
			case Fail:
				t.Error(r.Detail)
			case Skip:
				t.Skip(r.Detail)
			}
			t.Log(r.Detail)
		})
	}
}

// InProcess calls plugins that are linked into the program, and survives their panics.
func InProcess(plugins ...*sdk.Plugin) Call {
	answer := sdk.Handler(plugins...)
	return func(m abi.Method, request []byte) (reply []byte, err error) {
		defer func() {
			if r := recover(); r != nil {
				reply, err = nil, &Broken{fmt.Errorf("panic: %v", r)}
			}
		}()
		return answer(m, request)
	}
}

// subject is the plugin under test.
type subject struct {
	call  Call
	info  wire.PluginInfo
	asked []Request // valid requests
	side  int       // of images, in pixels
}

// Request is a call that the plugin must answer.
type Request struct {
	Name   string
	Method abi.Method
	Bytes  []byte
}

// Requests is what the plugin of that id must answer, with its defaults.
func Requests(call Call, id string) ([]Request, error) {
	p, err := newSubject(call, id)
	if err != nil {
		return nil, err
	}
	return p.asked, nil
}

func newSubject(call Call, id string) (*subject, error) {
	b, err := call(abi.Describe, nil)
	if err != nil {
		return nil, err
	}
	var said wire.DescribeReply
	if err := wire.Unmarshal(b, &said); err != nil {
		return nil, err
	}
	if said.ABI != abi.Version || said.IRVersion != ir.Version {
		return nil, fmt.Errorf("expected ABI %d and programs of version %d, found %d and %d", abi.Version, ir.Version, said.ABI, said.IRVersion)
	}
	var ids []string
	for _, info := range said.Plugins {
		if info.ID == id {
			p := &subject{call: call, info: info, side: side}
			p.asked, err = p.requests()
			return p, err
		}
		ids = append(ids, info.ID)
	}
	return nil, fmt.Errorf("expected plugin %q, found %q", id, ids)
}

// describe looks at what the plugin says of itself.
func (p *subject) describe() (string, error) {
	i := &p.info
	names := map[string]bool{}
	for n := range i.Params {
		s := &i.Params[n]
		if err := s.Verify(); err != nil {
			return "", err
		}
		if names[s.Name] {
			return "", fmt.Errorf("parameter %s is declared twice", s.Name)
		}
		names[s.Name] = true
		if s.Doc == "" {
			return "", fmt.Errorf("parameter %s has no doc", s.Name)
		}
	}
	if i.Doc == "" {
		return "", errors.New("it has no doc: expected one sentence with its source")
	}
	return fmt.Sprintf("%s %s %s, %d parameters", i.Kind, i.ID, i.Version, len(i.Params)), nil
}

// repeat asks everything twice.
func (p *subject) repeat() (string, error) {
	total := 0
	for _, r := range p.asked {
		first, err := p.call(r.Method, r.Bytes)
		if err != nil {
			return "", fmt.Errorf("%s: %w", r.Name, err)
		}
		second, err := p.call(r.Method, r.Bytes)
		if err != nil {
			return "", fmt.Errorf("%s, again: %w", r.Name, err)
		}
		if string(first) != string(second) {
			return "", fmt.Errorf("%s: asked twice it gives other bytes; it must go by its request alone", r.Name)
		}
		total += len(first)
	}
	return fmt.Sprintf("%d requests, asked twice, give the same %d bytes", len(p.asked), total), nil
}

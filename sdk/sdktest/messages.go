package sdktest

import (
	"errors"
	"fmt"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/wire"
)

// How many requests are spoilt, of each that is valid, and how long an answer may take.
const (
	truncations = 64
	mutations   = 192
	patience    = 10 * time.Second
)

// messages sends requests that end early or have wrong bytes: each must be answered
// or refused in time, and afterwards everything is as before.
func (p *subject) messages() (string, error) {
	sent, refused, broke := 0, 0, 0
	for _, r := range p.asked {
		before, err := p.call(r.Method, r.Bytes)
		if err != nil {
			return "", fmt.Errorf("%s: %w", r.Name, err)
		}
		for _, b := range spoilt(r.Bytes) {
			began := time.Now()
			reply, err := p.call(r.Method, b)
			var broken *Broken
			switch {
			case time.Since(began) > patience:
				return "", fmt.Errorf("%s: a spoilt request is answered after %v", r.Name, time.Since(began).Round(time.Second))
			case errors.As(err, &broken):
				broke++
			case err != nil || unreadable(r.Method, reply): // which the host refuses
				refused++
			}
			sent++
		}
		after, err := p.call(r.Method, r.Bytes)
		if err != nil {
			return "", fmt.Errorf("%s, after spoilt ones: %w", r.Name, err)
		}
		if string(before) != string(after) {
			return "", fmt.Errorf("%s: it gives other bytes after spoilt requests", r.Name)
		}
	}
	detail := fmt.Sprintf("of %d spoilt requests %d are refused, %d answered", sent, refused, sent-refused-broke)
	if broke > 0 {
		detail += fmt.Sprintf(", and %d break the plugin, which the host survives", broke)
	}
	return detail, nil
}

// spoilt is b cut short, and b with some bytes changed.
func spoilt(b []byte) (list [][]byte) {
	for i := range min(truncations, len(b)) {
		list = append(list, b[:i*len(b)/truncations])
	}
	s := rng.New(7).Stream()
	for range mutations {
		m := append([]byte(nil), b...)
		for range 1 + s.Intn(4) {
			m[s.Intn(len(m))] = byte(s.Uint32())
		}
		list = append(list, m)
	}
	return list
}

func unreadable(m abi.Method, reply []byte) bool {
	switch m {
	case abi.Crop:
		return wire.Unmarshal(reply, &wire.CropReply{}) != nil
	case abi.Eval:
		return wire.Unmarshal(reply, &wire.EvalReply{}) != nil
	}
	return wire.Unmarshal(reply, &wire.TraceReply{}) != nil
}

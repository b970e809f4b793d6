package tensor

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/fwlab/fw/core/shape"
)

// decodeHeader reads a header strictly: UTF-8, one object, no key twice, no
// unknown field, nothing behind it but the format's padding of spaces.
func decodeHeader(raw []byte) ([]entry, map[string]string, error) {
	if !utf8.Valid(raw) {
		return nil, nil, errors.New("the header is not UTF-8")
	}
	if len(raw) == 0 || raw[0] != '{' {
		return nil, nil, errors.New("the header does not begin with {")
	}
	d := headerDecoder{json.NewDecoder(bytes.NewReader(raw))}
	d.json.UseNumber()
	var entries []entry
	metadata := map[string]string{}
	err := d.object("the header", func(name string) error {
		if name == metadataKey {
			return d.object(metadataKey, func(key string) (err error) {
				metadata[key], err = d.text(metadataKey + " " + strconv.Quote(key))
				return err
			})
		}
		e, err := d.entry(name)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if rest := raw[d.json.InputOffset():]; len(bytes.TrimLeft(rest, " ")) > 0 {
		return nil, nil, errors.New("something follows the header's JSON object")
	}
	return entries, metadata, nil
}

type headerDecoder struct{ json *json.Decoder }

func (d headerDecoder) token() (json.Token, error) {
	t, err := d.json.Token()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the header's JSON ends too early")
	}
	return t, err
}

// object reads an object, calling field for the value of each key.
func (d headerDecoder) object(what string, field func(key string) error) error {
	t, err := d.token()
	if err != nil {
		return err
	}
	if t != json.Delim('{') {
		return fmt.Errorf("%s: expected a JSON object, found %v", what, t)
	}
	seen := map[string]bool{}
	for d.json.More() {
		t, err := d.token()
		if err != nil {
			return err
		}
		key := t.(string) // the decoder accepts nothing else here
		if seen[key] {
			return fmt.Errorf("%s: %q is there twice", what, key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return err
		}
	}
	_, err = d.token()
	return err
}

func (d headerDecoder) text(what string) (string, error) {
	t, err := d.token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%s: expected a string, found %v", what, t)
	}
	return s, nil
}

// integers reads an array of at most limit non-negative integers.
func (d headerDecoder) integers(what string, limit int) ([]int64, error) {
	t, err := d.token()
	if err != nil {
		return nil, err
	}
	if t != json.Delim('[') {
		return nil, fmt.Errorf("%s: expected an array, found %v", what, t)
	}
	var out []int64
	for d.json.More() {
		t, err := d.token()
		if err != nil {
			return nil, err
		}
		n, ok := t.(json.Number)
		if !ok {
			return nil, fmt.Errorf("%s: expected an integer, found %v", what, t)
		}
		v, err := strconv.ParseInt(n.String(), 10, 64)
		if err != nil || v < 0 {
			return nil, fmt.Errorf("%s: expected a non-negative integer, found %s", what, n)
		}
		if len(out) == limit {
			return nil, fmt.Errorf("%s: more than %d entries", what, limit)
		}
		out = append(out, v)
	}
	_, err = d.token()
	return out, err
}

func (d headerDecoder) entry(name string) (entry, error) {
	e := entry{name: name}
	what := "tensor " + strconv.Quote(name)
	if name == "" {
		return e, errors.New("a tensor has an empty name")
	}
	found := 0
	err := d.object(what, func(key string) error {
		found++
		var v []int64
		var err error
		switch key {
		case "dtype":
			e.kind, err = d.text(what + " dtype")
		case "shape":
			if v, err = d.integers(what+" shape", shape.MaxRank); err != nil {
				return err
			}
			for _, n := range v {
				if n > shape.MaxElements {
					return fmt.Errorf("%s: dimension %d is too large", what, n)
				}
				e.dims = append(e.dims, int(n))
			}
		case "data_offsets":
			if v, err = d.integers(what+" data_offsets", 2); err != nil {
				return err
			}
			if len(v) != 2 {
				return fmt.Errorf("%s data_offsets: expected two entries, found %d", what, len(v))
			}
			e.begin, e.end = v[0], v[1]
		default:
			return fmt.Errorf("%s: unknown field %q", what, key)
		}
		return err
	})
	if err == nil && found != 3 {
		err = fmt.Errorf("%s: expected dtype, shape and data_offsets, found %d of them", what, found)
	}
	return e, err
}

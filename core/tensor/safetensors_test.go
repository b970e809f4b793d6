package tensor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fwlab/fw/core/dtype"
	"github.com/fwlab/fw/core/shape"
)

func encode(t testing.TB, items []Item, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, items, metadata); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(data []byte) (*File, error) {
	return NewFile("x.safetensors", bytes.NewReader(data), int64(len(data)))
}

// raw builds a file with any header.
func raw(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestWriteIsTheFormat(t *testing.T) {
	got := encode(t, []Item{
		{Name: "b", Tensor: FromF32([]float32{1}, 1)},
		{Name: "a", Tensor: Tensor{shape.Of(dtype.U8, 3), []byte{7, 8, 9}}},
		{Name: "n", Tensor: FromI32([]int32{-2}), Int64: true},
	}, map[string]string{"mean": "0.5", "<x>": "\"\n"})
	header := `{"__metadata__":{"<x>":"\"\n","mean":"0.5"},` +
		`"a":{"dtype":"U8","shape":[3],"data_offsets":[12,15]},` +
		`"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},` +
		`"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`
	header += strings.Repeat(" ", -len(header)&7)
	want := raw(header, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x80, 0x3f, 7, 8, 9)
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if got := encode(t, nil, nil); !bytes.Equal(got, raw("{}      ")) {
		t.Errorf("an empty file is %q", got)
	}
}

func TestRoundTrip(t *testing.T) {
	kinds := []dtype.DType{dtype.F32, dtype.BF16, dtype.I32, dtype.U32, dtype.U8, dtype.Bool}
	rapid.Check(t, func(rt *rapid.T) {
		in := map[string]Tensor{}
		for _, name := range rapid.SliceOfDistinct(rapid.StringN(1, 6, -1), rapid.ID[string]).Draw(rt, "names") {
			if name == metadataKey {
				continue
			}
			s := shape.Of(rapid.SampledFrom(kinds).Draw(rt, "type"), rapid.SliceOfN(rapid.IntRange(1, 4), 0, 3).Draw(rt, "dims")...)
			x := New(s)
			top := byte(255)
			if s.DType == dtype.Bool {
				top = 1
			}
			copy(x.Data, rapid.SliceOfN(rapid.ByteRange(0, top), len(x.Data), len(x.Data)).Draw(rt, "data"))
			in[name] = x
		}
		metadata := rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "metadata")
		items := Items(in)
		first := encode(t, items, metadata)
		if again := encode(t, rapid.Permutation(items).Draw(rt, "order"), metadata); !bytes.Equal(first, again) {
			rt.Fatal("the bytes depend on the order of the items")
		}
		f, err := open(first)
		if err != nil {
			rt.Fatal(err)
		}
		out, err := f.ReadAll()
		if err != nil {
			rt.Fatal(err)
		}
		if !maps.Equal(f.Metadata(), metadata) || len(out) != len(in) {
			rt.Fatalf("got %d tensors, metadata %v", len(out), f.Metadata())
		}
		for name, x := range in {
			if y := out[name]; !x.Shape.Equal(y.Shape) || !bytes.Equal(x.Data, y.Data) {
				rt.Fatalf("%q: %s became %s", name, x.Shape, y.Shape)
			}
			if e := f.entries[name]; (f.base+e.begin)%int64(x.Shape.DType.Size()) != 0 {
				rt.Fatalf("%q is not aligned in the file", name)
			}
		}
	})
}

func TestInt64IsNarrowedOrRefused(t *testing.T) {
	values := make([]int32, 3000) // more than one read
	for i := range values {
		values[i] = int32(i) - 1500
	}
	f, err := open(encode(t, []Item{{Name: "n", Tensor: FromI32(values, 3000), Int64: true}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	x, err := f.Read("n")
	if err != nil || fmt.Sprint(x.I32()) != fmt.Sprint(values) {
		t.Errorf("%v, got %d values", err, len(x.I32()))
	}
	const header = `{"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`
	f, err = open(raw(header, binary.LittleEndian.AppendUint64(nil, math.MaxInt32+1)...))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read("n"); err == nil || !strings.Contains(err.Error(), `"n": int64 value 2147483648 does not fit`) {
		t.Errorf("got %v", err)
	}
}

func TestReadIntoChecksTheShape(t *testing.T) {
	f, err := open(encode(t, []Item{{Name: "w", Tensor: FromF32([]float32{1, 2}, 2)}}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.ReadInto("w", New(shape.F32(1, 2))); err == nil || !strings.Contains(err.Error(), `tensor "w": expected f32[1,2], found f32[2]`) {
		t.Errorf("got %v", err)
	}
	if _, err := f.Read("v"); err == nil {
		t.Error("a tensor that is not there was read")
	}
}

// Each file is wrong in one way; the error says which, naming file and tensor.
var hostile = []struct {
	what string
	data []byte
	want string
}{
	{"no bytes", nil, "expected at least 8 bytes, found 0"},
	{"a header longer than the file", raw("{}")[:9], "claims 2 bytes, the file has 9"},
	{"a header of 2^63 bytes", append(bytes.Repeat([]byte{0xff}, 8), '{', '}'), "claims 18446744073709551615 bytes"},
	{"a picture", []byte("\x89PNG\r\n\x1a\n0000000000"), "not a safetensors file"},
	{"no object", raw(`[]`), "does not begin with {"},
	{"space first", raw(` {}`), "does not begin with {"},
	{"not UTF-8", raw("{\"\xff\":1}"), "not UTF-8"},
	{"no end", raw(`{"a":{"dtype":"F32"`), "ends too early"},
	{"text behind", raw(`{} {}`), "something follows the header"},
	{"a tab as padding", raw("{}\t"), "something follows the header"},
	{"a trailing comma", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}`, 0), "invalid character"},
	{"one name twice", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), `"a" is there twice`},
	{"one name twice, escaped", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), `"a" is there twice`},
	{"a field twice", raw(`{"a":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 0), `"dtype" is there twice`},
	{"an unknown field", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}`, 0), `tensor "a": unknown field "x"`},
	{"a missing field", raw(`{"a":{"dtype":"U8","shape":[1]}}`), `tensor "a": expected dtype, shape and data_offsets`},
	{"an empty name", raw(`{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 0), "empty name"},
	{"a number for a tensor", raw(`{"a":1}`), `tensor "a": expected a JSON object, found 1`},
	{"metadata of numbers", raw(`{"__metadata__":{"k":1}}`), `__metadata__ "k": expected a string, found 1`},
	{"an unknown type", raw(`{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, 0), `tensor "a": element type "F8_E4M3" is not one of`},
	{"a negative dimension", raw(`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 0), `tensor "a" shape: expected a non-negative integer, found -1`},
	{"half a dimension", raw(`{"a":{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}}`, 0), `found 0.5`},
	{"a dimension of 0", raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), `tensor "a": shape: u8[0] has a dimension below 1`},
	{"a dimension above int64", raw(`{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,1]}}`, 0), "expected a non-negative integer"},
	{"a product above int64", raw(`{"a":{"dtype":"U8","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,1]}}`, 0), `tensor "a"`},
	{"too many dimensions", raw(`{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}`, 0), "more than 8 entries"},
	{"one offset", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}}`, 0), "expected two entries, found 1"},
	{"offsets reversed", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, 0), `tensor "a": U8[1] takes 1 bytes, its offsets [1,0] do not`},
	{"offsets of another size", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,3]}}`, 0, 0, 0), `F32[1] takes 4 bytes, its offsets [0,3] do not`},
	{"offsets behind the end", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 0), `tensor "a": it ends at byte 2, but the data has 1 bytes: the file is cut short`},
	{"an overlap", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 0, 0, 0), `tensor "b": its offsets [1,3] overlap`},
	{"a gap", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}`, 0, 0, 0), `tensor "b": a gap of 1 bytes lies before it`},
	{"a gap at the start", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0), `tensor "a": a gap of 1 bytes`},
	{"bytes at the end", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 0, 0), "1 bytes follow the last tensor"},
	{"a huge tensor in a small file", raw(`{"a":{"dtype":"F32","shape":[4294967296],"data_offsets":[0,17179869184]}}`, 0), "the file is cut short"},
	{"a bool of 2", raw(`{"a":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}`, 1, 2), `tensor "a": element 1 is 2, not a bool`},
}

func TestHostileFilesAreRefused(t *testing.T) {
	for _, c := range hostile {
		f, err := open(c.data)
		if err == nil {
			_, err = f.ReadAll()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "x.safetensors") {
			t.Errorf("%s: expected an error with %q, got %v", c.what, c.want, err)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	x := FromF32([]float32{1}, 1)
	for want, items := range map[string][]Item{
		"cannot name":       {{Name: "__metadata__", Tensor: x}},
		`"" cannot name`:    {{Name: "", Tensor: x}},
		`\xff`:              {{Name: "\xff", Tensor: x}},
		"two tensors":       {{Name: "a", Tensor: x}, {Name: "a", Tensor: x}},
		"written from i32":  {{Name: "a", Tensor: x, Int64: true}},
		"dimension below 1": {{Name: "a", Tensor: Tensor{Shape: shape.F32(0)}}},
		"has 3 bytes":       {{Name: "a", Tensor: Tensor{shape.F32(1), make([]byte, 3)}}},
	} {
		if err := Write(&bytes.Buffer{}, items, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("expected an error with %q, got %v", want, err)
		}
	}
	if err := Write(failing{}, nil, nil); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	if err := Write(&bytes.Buffer{}, nil, map[string]string{"k": "\xff"}); err == nil {
		t.Error("metadata that is not UTF-8 was written")
	}
}

var errFull = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// FuzzOpen: any bytes give an error or a file that can be written again.
func FuzzOpen(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := open(data)
		if err != nil {
			return
		}
		tensors, err := in.ReadAll()
		if err != nil {
			return
		}
		again, err := open(encode(t, Items(tensors), in.Metadata()))
		if err != nil {
			t.Fatal(err)
		}
		back, err := again.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for name, x := range tensors {
			if y := back[name]; !x.Shape.Equal(y.Shape) || !bytes.Equal(x.Data, y.Data) {
				t.Fatalf("%q: %s became %s", name, x.Shape, y.Shape)
			}
		}
	})
}

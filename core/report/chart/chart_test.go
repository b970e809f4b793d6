package chart

import (
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

func TestGolden(t *testing.T) {
	got := Chart{
		Label: "kNN & co", XName: "epoch", Unit: " %",
		Series: []Series{{Name: "kNN", X: []float64{0, 1, 2, 3, 4}, Y: []float64{76, 80, math.NaN(), 83, 84}, Dots: true}, {Name: "linear", X: []float64{4}, Y: []float64{84.2}}},
		Levels: []Level{{"untrained", 76}, {"pixels", 76.1}},
	}.SVG()
	got = strings.ReplaceAll(got, "><", ">\n<") + "\n"
	path := filepath.Join("testdata", "chart.svg")
	if *rewrite {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%v; got\n%s\n(go test -rewrite writes it anew)", err, got)
	}
}

var places = regexp.MustCompile(`-?[0-9.]+`)

// TestAnythingIsDrawnInside: whatever the values, the SVG is well-formed XML
// and its lines lie within the picture.
func TestAnythingIsDrawnInside(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 700).Draw(rt, "n")
		s := Series{Name: "<s>", Dots: rapid.Bool().Draw(rt, "dots")}
		x := rapid.Float64Range(-1e3, 1e6).Draw(rt, "start")
		for range n {
			s.X = append(s.X, x)
			x += rapid.Float64Range(0, 10).Draw(rt, "dx")
		}
		s.Y = rapid.SliceOfN(rapid.Float64(), n, n).Draw(rt, "y")
		levels := []Level{{"a", rapid.Float64().Draw(rt, "level")}, {"b", math.NaN()}}
		svg := Chart{XName: "step", Series: []Series{s}, Levels: levels}.SVG()
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				rt.Fatalf("%v in %s", err, svg)
			}
			if e, ok := token.(xml.StartElement); ok && e.Name.Local == "path" {
				for _, a := range e.Attr {
					if a.Name.Local != "d" {
						continue
					}
					for _, f := range places.FindAllString(a.Value, -1) {
						if v, err := strconv.ParseFloat(f, 64); err != nil || v < 0 || v > width {
							rt.Fatalf("%s in %s", f, a.Value)
						}
					}
				}
			}
		}
	})
}

func TestReduceKeepsMeanAndRange(t *testing.T) {
	s := Series{}
	for i := range 1000 {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, float64(i%2))
	}
	r := reduce(s, 100)
	if len(r.points) != 100 || !r.band {
		t.Fatalf("%d points", len(r.points))
	}
	for i, p := range r.points {
		if math.Abs(p.y-0.5) > 1e-9 || p.low != 0 || p.high != 1 || math.Abs(p.x-(float64(10*i)+4.5)) > 1e-9 {
			t.Fatalf("point %d is %+v", i, p)
		}
	}
	if r := reduce(Series{X: []float64{1}, Y: []float64{2}}, 100); r.band || r.points[0] != (point{x: 1, y: 2, low: 2, high: 2}) {
		t.Errorf("one point became %+v", r)
	}
}

func TestNothingToDraw(t *testing.T) {
	for _, s := range [][]Series{nil, {{}}, {{X: []float64{1}, Y: []float64{math.NaN()}}}} {
		if svg := (Chart{Series: s}).SVG(); svg != "" {
			t.Errorf("%v gives %s", s, svg)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   string
	}{
		{0, 20, "[0 5 10 15 20] 0"}, {76, 84.4, "[76 78 80 82 84] 0"}, {-0.04, 0.01, "[-0.04 -0.03 -0.02 -0.01 0 0.01] 2"}, {4.6, 6.3, "[5 5.5 6] 1"}, {1, 1, "[] 0"}, {0, math.Inf(1), "[] 0"},
	} {
		at, decimals := ticks(c.lo, c.hi, 5)
		for i := range at {
			at[i] = sig(at[i])
		}
		if got := fmt.Sprint(at, decimals); got != c.want {
			t.Errorf("ticks(%v, %v) are %s, want %s", c.lo, c.hi, got, c.want)
		}
	}
	for _, c := range []struct {
		v    float64
		n    int
		want string
	}{{-0.0001, 1, "0.0"}, {-1, 1, "-1.0"}, {0, 6, "0"}, {1e-6, 7, "1.0e-06"}, {2e6, 0, "2.0e+06"}} {
		if got := axisNumber(c.v, c.n); got != c.want {
			t.Errorf("%v is written %q, want %q", c.v, got, c.want)
		}
	}
}

package sdks

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/host/wasm"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/plugins/builtin"
)

// BenchmarkCrops prints rectangles a second on one core: contrastive-crop linked into
// the host, and its guests, in turns within one process, each from a request's bytes to a
// reply's. Medians over turns; images of up to 600 pixels, 1024 crops a call.
func BenchmarkCrops(b *testing.B) {
	type carrier struct {
		name   string
		caller host.Caller
		turns  []float64
	}
	carriers := []*carrier{{name: "linked", caller: twin("crop")}}
	add := func(name string, module []byte) {
		m, err := wasm.Open(context.Background(), module, "")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { m.Close() })
		b.Logf("%s: %d bytes", name, len(module))
		carriers = append(carriers, &carrier{name: name, caller: m})
	}
	add("go", builtin.ContrastiveCropWASM)
	for _, l := range Languages() {
		if _, ok := l.find(); !ok {
			b.Logf("%s: %s not found", l.Name, l.Needs)
			continue
		}
		add(l.Name, compiled(b, l, "crop"))
	}
	for _, boxes := range []bool{false, true} {
		name := "without boxes"
		if boxes {
			name = "with boxes"
		}
		b.Run(name, func(b *testing.B) {
			const n = 1024
			request := wire.Marshal(nil, crops(1, n, 600, boxes, true, nil))
			for _, c := range carriers {
				c.turns = nil
			}
			for range 200 {
				for _, c := range carriers {
					began, calls := time.Now(), 0
					for time.Since(began) < 2*time.Millisecond {
						if _, err := c.caller.Call(context.Background(), abi.Crop, request); err != nil {
							b.Fatal(err)
						}
						calls++
					}
					c.turns = append(c.turns, float64(n*calls)/time.Since(began).Seconds())
				}
			}
			b.ReportMetric(0, "ns/op")
			for _, c := range carriers {
				b.ReportMetric(slices.Max(c.turns)/1e6, c.name+"-M/s")
			}
		})
	}
}

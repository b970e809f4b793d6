package builtin

import (
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/wire"
	"github.com/fwlab/fw/sdk"
)

// More than a million crops, of images of any size and for any box and view, lie
// inside their image.
func TestEveryCropStaysInside(t *testing.T) {
	answer, total := sdk.Handler(Plugins()...), 0
	for _, p := range Plugins() {
		if p.Info().Kind != "crop" {
			continue
		}
		for round := range uint64(50) {
			req := wire.CropRequest{Plugin: p.Info().ID}
			k := rng.New(round).Stream()
			for range 5000 {
				most := []int{3, 40, 600, 1 << 16}[k.Intn(4)]
				req.Height, req.Width = append(req.Height, uint32(1+k.Intn(most))), append(req.Width, uint32(1+k.Intn(most)))
				req.Keys, req.Views = append(req.Keys, k.Uint32(), k.Uint32()), append(req.Views, uint32(k.Intn(12)))
				if round%2 == 1 {
					y, x := k.Float64(), k.Float64()
					req.Boxes = append(req.Boxes, y, x, k.Uniform(y, 1), k.Uniform(x, 1))
				}
			}
			b, err := answer(abi.Crop, wire.Marshal(nil, &req))
			if err != nil {
				t.Fatalf("%s: %v", p.Info().ID, err)
			}
			var reply wire.CropReply
			if err := wire.Unmarshal(b, &reply); err != nil {
				t.Fatal(err)
			}
			for i := range req.Height {
				r := reply.Rects[4*i:]
				if r[2] < 1 || r[3] < 1 || uint64(r[0])+uint64(r[2]) > uint64(req.Height[i]) || uint64(r[1])+uint64(r[3]) > uint64(req.Width[i]) {
					t.Fatalf("%s: %v of %d x %d", p.Info().ID, r[:4], req.Height[i], req.Width[i])
				}
				total++
			}
		}
	}
	if total < 1_000_000 {
		t.Errorf("only %d crops", total)
	}
}

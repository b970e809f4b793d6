package client

import (
	"context"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/abi"
	"github.com/fwlab/fw/core/host"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/view"
	"github.com/fwlab/fw/core/wire"
)

// A plugin says which of its rectangles are fall-backs, and is believed of those alone.
func TestCropsThatFellBack(t *testing.T) {
	for _, c := range []struct {
		fellBack []uint32
		want     string
	}{
		{[]uint32{1}, ""},
		{[]uint32{2}, "crop: a/b: expected fall-backs among 2 rectangles, found one of rectangle 2"},
	} {
		reply := wire.Marshal(nil, &wire.CropReply{Rects: []uint32{0, 0, 1, 1, 0, 0, 2, 2}, FellBack: c.fellBack})
		plugin := host.New("test", func(context.Context) (host.Caller, error) {
			return host.Func(func(abi.Method, []byte) ([]byte, error) { return reply, nil }), nil
		})
		got, err := (&Client{Host: plugin, ID: "a/b"}).Crops(context.Background(), view.CropRequest{Sizes: [][2]int{{1, 1}, {2, 2}}, Keys: make([]rng.Key, 2), Views: make([]int, 2)})
		switch {
		case c.want == "" && (err != nil || got[0].FellBack || !got[1].FellBack):
			t.Errorf("%+v, %v", got, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%v, expected %s", err, c.want)
		}
	}
}

package peak

import (
	"testing"

	"github.com/fwlab/fw/core/kernel/gemm/tile"
	"github.com/fwlab/fw/core/pool"
)

// Both are measured, and within what processors can do.
func TestMeasure(t *testing.T) {
	p := pool.New(2)
	defer p.Close()
	m := Measure(p)
	if m.Bytes < 1e8 || m.Bytes > 1e13 {
		t.Errorf("%g bytes/s", m.Bytes)
	}
	if asm := tile.Spin(1) > 0; asm != (m.FLOPs > 0) || m.FLOPs > 1e14 || asm && m.FLOPs < 1e8 {
		t.Errorf("%g FLOP/s", m.FLOPs)
	}
	if asm := tile.SpinPairs(1) > 0; asm != (m.BF16FLOPs > 0) || asm && m.BF16FLOPs < m.FLOPs/2 {
		t.Errorf("%g FLOP/s of bfloat16", m.BF16FLOPs)
	}
	t.Logf("%.0f GFLOP/s, %.0f of bfloat16, %.1f GB/s", m.FLOPs/1e9, m.BF16FLOPs/1e9, m.Bytes/1e9)
}

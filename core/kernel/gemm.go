package kernel

import "github.com/fwlab/fw/core/pool"

// The register tile: mr rows of nr columns.
const (
	mr = 6
	nr = 16
	// kc rows of a B panel (32 KiB) stay in the L1 cache while a panel is used.
	kc = 512
)

// tile: c[i][j] (+)= sum over p < k of a[i*is + p*ks] * b[nr*p + j], i < mr, j < nr; strides in elements.
func tile(k int, a []float32, is, ks int, b, c []float32, ldc int, acc bool) {
	if useAVX2 {
		add := 0
		if acc {
			add = 1
		}
		avxGemm6x16(k, &a[0], is*4, ks*4, &b[0], &c[0], ldc*4, add)
		return
	}
	var sum [mr][nr]float32
	for p := range k {
		row := b[p*nr : p*nr+nr]
		for i := range mr {
			x := a[i*is+p*ks]
			for j, y := range row {
				sum[i][j] += x * y
			}
		}
	}
	for i := range mr {
		row := c[i*ldc : i*ldc+nr]
		for j := range row {
			if acc {
				row[j] += sum[i][j]
			} else {
				row[j] = sum[i][j]
			}
		}
	}
}

// edgeTile is tile for the border: only rows x cols of c are touched, a has only rows rows.
func edgeTile(k int, a []float32, is, ks int, b, c []float32, ldc int, acc bool, rows, cols int, scratch []float32) {
	if rows < mr {
		edge := scratch[mr*nr:]
		for p := range k {
			for i := range rows {
				edge[p*mr+i] = a[i*is+p*ks]
			}
			clear(edge[p*mr+rows : p*mr+mr])
		}
		a, is, ks = edge, 1, mr
	}
	tile(k, a, is, ks, b, scratch, nr, false)
	for i := range rows {
		row, from := c[i*ldc:i*ldc+cols], scratch[i*nr:]
		for j := range row {
			if acc {
				row[j] += from[j]
			} else {
				row[j] = from[j]
			}
		}
	}
}

const edgeScratch = mr*nr + kc*mr

// block multiplies rows of A (element (i,p) at i*is + p*ks) with packed B
// panels of depth k into c, rows x n.
func block(rows, n, k int, a []float32, is, ks int, panels []float32, c []float32, ldc int, acc bool, scratch []float32) {
	for j := 0; j < n; j += nr {
		b := panels[j/nr*k*nr:]
		cols := min(nr, n-j)
		for i := 0; i < rows; i += mr {
			r := min(mr, rows-i)
			if r == mr && cols == nr {
				tile(k, a[i*is:], is, ks, b, c[i*ldc+j:], ldc, acc)
			} else {
				edgeTile(k, a[i*is:], is, ks, b, c[i*ldc+j:], ldc, acc, r, cols, scratch)
			}
		}
	}
}

// packPanels copies B's rows k0..k0+k, element (p,j) at p*ps + j*js, into panels of nr columns, zero padded.
func packPanels(dst, b []float32, ps, js, k, n int) {
	for j := 0; j < n; j += nr {
		cols := min(nr, n-j)
		panel := dst[j/nr*k*nr:]
		if js == 1 && cols == nr {
			for p := range k {
				*(*[nr]float32)(panel[p*nr:]) = *(*[nr]float32)(b[p*ps+j:])
			}
			continue
		}
		for p := range k {
			row := panel[p*nr : p*nr+nr]
			for x := range cols {
				row[x] = b[p*ps+(j+x)*js]
			}
			clear(row[cols:])
		}
	}
}

// MatSpec is a batch of products C[b] = A[b] B[b]: A is M x K, B is K x N, C is
// M x N dense. Strides are in elements; a batch stride of 0 shares the matrix.
type MatSpec struct {
	Batch, M, N, K         int
	ARow, ACol, BRow, BCol int
	ABatch, BBatch         int
}

// MatMul is a planned product. Work is cut over batches and rows; where there
// are few rows and K is long, over K, with the parts added in order.
type MatMul struct {
	s             MatSpec
	rows          int // rows of a chunk
	chunks        int // chunks of a batch
	parts, depth  int // split of K
	a, b, c       []float32
	panels, local []float32
	localSize     int
	phase         int
}

// NewMatMul plans a product for a number of workers.
func NewMatMul(s MatSpec, workers int) *MatMul {
	m := &MatMul{s: s, parts: 1, depth: s.K}
	m.rows = min(roundUp(s.M, mr), 96)
	m.chunks = ceilDiv(s.M, m.rows)
	if s.Batch == 1 && m.chunks < 8 && s.K >= 4096 {
		m.parts = min(16, s.K/2048)
		m.depth = ceilDiv(s.K, m.parts)
		m.parts = ceilDiv(s.K, m.depth)
	}
	switch {
	case m.parts > 1:
		m.localSize = edgeScratch + kc*roundUp(s.N, nr)
	case s.Batch > 1:
		m.rows, m.chunks = s.M, 1
		m.localSize = edgeScratch + roundUp(s.N, nr)*min(s.K, kc)
	default:
		m.localSize = edgeScratch
	}
	return m
}

func roundUp(n, to int) int { return ceilDiv(n, to) * to }

// Scratch is the float32s of scratch memory Run needs.
func (m *MatMul) Scratch(workers int) int {
	n := workers * m.localSize
	if m.parts > 1 {
		return n + m.parts*m.s.M*m.s.N
	}
	if m.s.Batch == 1 {
		n += m.s.K * roundUp(m.s.N, nr)
	}
	return n
}

// FLOPs counts multiplications and additions.
func (m *MatMul) FLOPs() int64 {
	return 2 * int64(m.s.Batch) * int64(m.s.M) * int64(m.s.N) * int64(m.s.K)
}

// Bind sets the buffers.
func (m *MatMul) Bind(scratch, c, a, b []float32) { m.panels, m.c, m.a, m.b = scratch, c, a, b }

func (m *MatMul) Run(p *pool.Pool) {
	workers := p.Workers()
	m.local = m.panels[len(m.panels)-workers*m.localSize:]
	s := &m.s
	switch {
	case m.parts > 1:
		m.phase = 0
		p.Run(m.parts, m)
		m.phase = 1
		p.Run(ceilDiv(s.M*s.N, 4096), m)
	case s.Batch > 1:
		m.phase = 2
		p.Run(s.Batch, m)
	default:
		m.phase = 3
		p.Run(ceilDiv(s.K, kc), m)
		m.phase = 4
		p.Run(m.chunks, m)
	}
}

// Chunk runs one piece of the current phase.
func (m *MatMul) Chunk(i, worker int) {
	s := &m.s
	local := m.local[worker*m.localSize : (worker+1)*m.localSize]
	np := roundUp(s.N, nr)
	switch m.phase {
	case 0: // one part of K into its own sum
		lo, hi := span(i, m.depth, s.K)
		sum := m.panels[i*s.M*s.N : (i+1)*s.M*s.N]
		for k0 := lo; k0 < hi; k0 += kc {
			k := min(kc, hi-k0)
			packPanels(local[edgeScratch:], m.b[k0*s.BRow:], s.BRow, s.BCol, k, s.N)
			block(s.M, s.N, k, m.a[k0*s.ACol:], s.ARow, s.ACol, local[edgeScratch:], sum, s.N, k0 > lo, local)
		}
	case 1: // the parts, added in order
		lo, hi := span(i, 4096, s.M*s.N)
		addParts(m.c[lo:hi], m.panels, lo, s.M*s.N, m.parts)
	case 2: // one product of a batch
		a, b := m.a[i*s.ABatch:], m.b[i*s.BBatch:]
		c := m.c[i*s.M*s.N : (i+1)*s.M*s.N]
		for k0 := 0; k0 < s.K; k0 += kc {
			k := min(kc, s.K-k0)
			packPanels(local[edgeScratch:], b[k0*s.BRow:], s.BRow, s.BCol, k, s.N)
			block(s.M, s.N, k, a[k0*s.ACol:], s.ARow, s.ACol, local[edgeScratch:], c, s.N, k0 > 0, local)
		}
	case 3: // B, packed once for all rows
		k0 := i * kc
		packPanels(m.panels[k0*np:], m.b[k0*s.BRow:], s.BRow, s.BCol, min(kc, s.K-k0), s.N)
	case 4: // some rows of C
		lo, hi := span(i, m.rows, s.M)
		for k0 := 0; k0 < s.K; k0 += kc {
			block(hi-lo, s.N, min(kc, s.K-k0), m.a[lo*s.ARow+k0*s.ACol:], s.ARow, s.ACol, m.panels[k0*np:], m.c[lo*s.N:], s.N, k0 > 0, local)
		}
	}
}

// addParts: dst[j] = parts[0][lo+j] + parts[1][lo+j] + ..., each part of n elements.
func addParts(dst, parts []float32, lo, n, count int) {
	copy(dst, parts[lo:lo+len(dst)])
	for p := 1; p < count; p++ {
		vAdd(dst, dst, parts[p*n+lo:p*n+lo+len(dst)])
	}
}

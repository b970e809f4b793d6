package builtin

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/fwlab/fw/core/compile"
	coreexec "github.com/fwlab/fw/core/exec"
	"github.com/fwlab/fw/core/kernel/buf"
	"github.com/fwlab/fw/core/link"
	"github.com/fwlab/fw/core/pool"
	"github.com/fwlab/fw/core/rng"
	"github.com/fwlab/fw/core/schema"
	"github.com/fwlab/fw/core/shape"
	"github.com/fwlab/fw/core/tensor"
	"github.com/fwlab/fw/core/trace"
	"github.com/fwlab/fw/core/train"
	"github.com/fwlab/fw/sdk"
)

// traced runs what f builds on inputs, with the key 1, 2 as the input key.
func traced(t *testing.T, in map[string]tensor.Tensor, f func(b *sdk.Builder, in map[string]sdk.Value) map[string]sdk.Value) map[string]buf.Buf {
	t.Helper()
	b := trace.New("f")
	err := trace.Trace(func() {
		values := map[string]sdk.Value{}
		for name, x := range in {
			values[name] = b.Input(name, x.Shape)
		}
		for name, v := range f(b, values) {
			b.Output(name, v)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := compile.Func(b.Func())
	if err != nil {
		t.Fatal(err)
	}
	workers := pool.New(2)
	t.Cleanup(workers.Close)
	ex, err := coreexec.New(c, coreexec.Options{Pool: workers})
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range in {
		b, _ := ex.Input(name)
		copy(b.U8, x.Data)
	}
	if err := ex.Run(); err != nil {
		t.Fatal(err)
	}
	out := map[string]buf.Buf{}
	for _, o := range c.Outputs {
		out[o.Name], _ = ex.Output(o.Name)
	}
	return out
}

// aKey is the key 1, 2.
var aKey = tensor.Tensor{Shape: shape.Of(4, 2), Data: []byte{1, 0, 0, 0, 2, 0, 0, 0}}

// blobs is n rows around k far centres, in turn.
func blobs(n, k, d int) tensor.Tensor {
	x := tensor.New(shape.F32(n, d))
	s := rng.New(5).Stream()
	for i := range n {
		for j := range d {
			x.F32()[i*d+j] = float32(0.1*s.Normal() + 10*float64((i%k)>>j&1))
		}
	}
	return x
}

// kmeans is Lloyd's algorithm, a row at a time in float64.
func kmeans(x []float32, n, d, k, iterations int, first []int) (clusters []int32, centroids []float64) {
	for _, i := range first {
		for _, v := range x[i*d : (i+1)*d] {
			centroids = append(centroids, float64(v))
		}
	}
	assign := func() (sizes []int) {
		clusters, sizes = make([]int32, n), make([]int, k)
		for i := range n {
			best, at := math.Inf(1), 0
			for c := range k {
				var sq float64
				for j := range d {
					v := float64(x[i*d+j]) - centroids[c*d+j]
					sq += v * v
				}
				if sq < best {
					best, at = sq, c
				}
			}
			clusters[i] = int32(at)
			sizes[at]++
		}
		return sizes
	}
	for range iterations {
		sizes := assign()
		for c := range k {
			if sizes[c] == 0 {
				continue
			}
			for j := range d {
				var sum float64
				for i := range n {
					if int(clusters[i]) == c {
						sum += float64(x[i*d+j])
					}
				}
				centroids[c*d+j] = sum / float64(sizes[c])
			}
		}
		bySize := make([]int, k)
		for c := range bySize {
			bySize[c] = c
		}
		slices.SortStableFunc(bySize, func(a, b int) int { return sizes[b] - sizes[a] })
		r := 0
		old := slices.Clone(centroids)
		for c := range k {
			if sizes[c] > 0 {
				continue
			}
			donor := bySize[r]
			r++
			for j := range d {
				centroids[c*d+j], centroids[donor*d+j] = old[donor*d+j]*(1+1.0/1024), old[donor*d+j]*(1-1.0/1024)
			}
		}
	}
	assign()
	return clusters, centroids
}

// k-means follows its slow twin, with clusters that become empty on the way.
func TestKMeans(t *testing.T) {
	const n, d, k = 120, 3, 8
	x := blobs(n, k, d)
	for row := range slices.Chunk(x.F32()[:30*d], d) { // many rows are one, so that seeds coincide
		copy(row, []float32{0, 0, 0})
	}
	for _, iterations := range []int{1, 2, 5, 12} {
		out := traced(t, map[string]tensor.Tensor{"x": x, "key": aKey}, func(b *sdk.Builder, in map[string]sdk.Value) map[string]sdk.Value {
			clusters, centroids, distortion := sdk.KMeans(in["x"], in["key"], k, iterations)
			return map[string]sdk.Value{"clusters": clusters, "centroids": centroids, "distortion": distortion}
		})
		s := rng.Key{1, 2}.Stream()
		clusters, centroids := kmeans(x.F32(), n, d, k, iterations, s.Perm(n)[:k])
		if !slices.Equal(out["clusters"].I32, clusters) {
			t.Fatalf("%d iterations: clusters %v, expected %v", iterations, out["clusters"].I32, clusters)
		}
		want := make([]float32, len(centroids))
		for i, c := range centroids {
			want[i] = float32(c)
		}
		near(t, "centroids", out["centroids"].F32, want, 1e-5)
	}
}

// Whitened rows have no mean, and the identity as their covariance; a direction
// that does not vary is no reason to divide by zero.
func TestPCAWhiten(t *testing.T) {
	const n, d, dims = 300, 6, 4
	x := blobs(n, 8, d)
	for i := range n {
		x.F32()[i*d+5] = 3
	}
	z := traced(t, map[string]tensor.Tensor{"x": x}, func(b *sdk.Builder, in map[string]sdk.Value) map[string]sdk.Value {
		return map[string]sdk.Value{"z": sdk.PCAWhiten(in["x"], dims, 1e-5), "all": sdk.PCAWhiten(in["x"], d, 1e-5)}
	})
	for a := range dims {
		for b := range dims {
			var cov, mean float64
			for i := range n {
				cov += float64(z["z"].F32[i*dims+a]) * float64(z["z"].F32[i*dims+b]) / n
				mean += float64(z["z"].F32[i*dims+a]) / n
			}
			want := 0.0
			if a == b {
				want = 1
			}
			if math.Abs(mean) > 1e-3 || math.Abs(cov-want) > 2e-3 {
				t.Errorf("mean %d is %v, covariance %d, %d is %v, expected %v", a, mean, a, b, cov, want)
			}
		}
	}
	if i := slices.IndexFunc(z["all"].F32, func(v float32) bool { return v != v || math.Abs(float64(v)) > 100 }); i >= 0 {
		t.Errorf("element %d is %v", i, z["all"].F32[i])
	}
}

func TestNMI(t *testing.T) {
	var a, renamed, halves, other []int32
	for i := range int32(64) {
		a, renamed, halves, other = append(a, i%4), append(renamed, 3-i%4), append(halves, i%4/2), append(other, i/4%4)
	}
	for _, c := range []struct {
		name string
		b    []int32
		want float64
	}{{"itself", a, 1}, {"other names", renamed, 1}, {"independent", other, 0}, {"one cluster", make([]int32, 64), 0},
		{"halves", halves, 2 * math.Ln2 / (math.Log(4) + math.Ln2)}} {
		out := traced(t, map[string]tensor.Tensor{"a": tensor.FromI32(a, 64), "b": tensor.FromI32(c.b, 64)}, func(b *sdk.Builder, in map[string]sdk.Value) map[string]sdk.Value {
			return map[string]sdk.Value{"nmi": sdk.NMI(in["a"], in["b"], 4, 4)}
		})
		if got := float64(out["nmi"].F32[0]); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("%s: %v, expected %v", c.name, got, c.want)
		}
	}
}

func clustering(t *testing.T, change func(*train.Config), params ...schema.Named) *train.Trainer {
	t.Helper()
	m := method{"deepcluster", "fw/deepcluster", "fw/cross-entropy", append([]schema.Named{integer("clusters", 5), integer("pca", 4)}, params...), nil}
	tr, err := m.trainer(change)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	return tr
}

func runPhases(t *testing.T, tr *train.Trainer) map[string]float64 {
	t.Helper()
	metrics, err := tr.RunPhases(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return metrics
}

// snapshot is everything that is kept, by name.
func snapshot(tr *train.Trainer) map[string]tensor.Tensor {
	m := map[string]tensor.Tensor{}
	for _, i := range tr.Items() {
		m[i.Name] = i.Tensor.Clone()
	}
	return m
}

// A phase labels every image, balances the draw and starts the classifier afresh,
// and only where it is due.
func TestClusteringPhase(t *testing.T) {
	tr := clustering(t, nil, integer("every_epochs", 2))
	if m := runPhases(t, tr); math.Abs(m["cluster/nmi"]) > 1e-6 || m["cluster/largest"] >= 1 {
		t.Errorf("metrics %v: the first clustering has nothing to agree with", m)
	}
	labels := snapshot(tr)["state/labels"].I32()
	sizes := make([]int, 5)
	for _, l := range labels {
		sizes[l]++
	}
	used, drawn := 0, make([]int, 5)
	for _, n := range sizes {
		used += min(n, 1)
	}
	for _, i := range snapshot(tr)["sample/draw"].I32() {
		drawn[labels[i]]++
	}
	for c, n := range drawn {
		if sizes[c] > 0 && (n < methodSamples/used || n > methodSamples/used+1) {
			t.Errorf("cluster %d of %d images is drawn %d times of %d", c, sizes[c], n, methodSamples)
		}
	}
	for tr.Step < 2 {
		step(t, tr)
	}
	if m := runPhases(t, tr); m != nil { // after one epoch of two
		t.Errorf("a phase that is not due gives %v", m)
	}
	for tr.Step < 4 {
		step(t, tr)
	}
	before := snapshot(tr)
	runPhases(t, tr)
	after := snapshot(tr)
	for name, x := range before {
		top := strings.Contains(name, "top.layer")
		same := bytes.Equal(x.Data, after[name].Data)
		if top == same && name != "state/labels" && name != "sample/draw" {
			t.Errorf("%s: is as before: %v", name, same)
		}
		if top && strings.HasPrefix(name, link.OptimPrefix) && slices.ContainsFunc(after[name].F32(), func(v float32) bool { return v != 0 }) {
			t.Errorf("%s is not cleared", name)
		}
	}
}

// A run that goes on from a checkpoint after a phase, on another number of workers,
// gives the same bytes as one that runs through.
func TestPhasesResume(t *testing.T) {
	through := clustering(t, nil)
	runPhases(t, through)
	var saved map[string]tensor.Tensor
	for through.Step < 6 {
		step(t, through)
		runPhases(t, through)
		if through.Step == 4 {
			saved = snapshot(through)
		}
	}
	resumed := clustering(t, func(c *train.Config) { c.Workers = 1 })
	if err := resumed.Restore(4, saved); err != nil {
		t.Fatal(err)
	}
	for resumed.Step < 6 {
		step(t, resumed)
		runPhases(t, resumed)
	}
	want := snapshot(through)
	for name, x := range snapshot(resumed) {
		if !bytes.Equal(x.Data, want[name].Data) {
			t.Errorf("%s differs after resuming", name)
		}
	}
	saved["sample/draw"].I32()[3] = methodSamples
	if err := resumed.Restore(4, saved); err == nil || !strings.Contains(err.Error(), "sample/draw: draw: element 3: expected a position below 16, found 16") {
		t.Errorf("found %v", err)
	}
}

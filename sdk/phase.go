package sdk

// Phaser is a task that goes through the whole training set between epochs. Its
// objective asks for that by [Builder.Phase], with a name and a schedule.
type Phaser interface {
	Phase(p *Phase)
}

// Phase traces one pass over the training set: what is computed of each image, and
// then of all of them together. Parameters and states are those of the objective,
// by name; batch normalisations use their running statistics.
type Phase struct {
	*Step
	Name string
}

// Images is a batch of whole training images without augmentation, f32[n,H,W,C].
func (p *Phase) Images() Value { return p.input("images") }

// Collect is the rows of all batches, one for each training image, in their order.
func (p *Phase) Collect(x Value) Value { return x.Collect(p.Samples()) }

// Restart has a module's parameters and statistics start afresh.
func (p *Phase) Restart(scope string) { p.Builder.Restart(scope) }

// DrawEvenly has epochs go through as many images of each cluster, those of clusters
// that are smaller than that more than once: clusters i32[samples] of k, of which
// some may be empty. Which images of a large cluster are drawn depends on the key.
func (p *Phase) DrawEvenly(clusters Value, k int, key Value) {
	n := clusters.Dim(0)
	mixed := key.Permutation(n)
	members := mixed.Take(0, clusters.Take(0, mixed).ArgSort(0)) // by cluster, in an order of their own
	size := count(clusters, k)
	start := size.CumSum(0).Sub(size)
	full := size.MoreThan(0).Float() // clusters that are not empty come first below
	order := full.Neg().ArgSort(0)
	clustersUsed := full.Sum().Int()

	// Place i of the draw takes member i/used of cluster i%used, round and round.
	i := p.Iota(n)
	cluster := order.Take(0, i.Rem(clustersUsed.BroadcastTo(n)))
	round := i.Div(clustersUsed.BroadcastTo(n))
	own := size.Int().Take(0, cluster)
	p.Builder.Draw(members.Take(0, start.Int().Take(0, cluster).Add(round.Rem(own))))
}

// count is how many of the clusters i32[n] are each of k: f32[k].
func count(clusters Value, k int) Value {
	b, n := clusters.Builder(), clusters.Dim(0)
	return Filled(b, 0, k).ScatterAdd(0, 0, clusters, Filled(b, 1, n))
}

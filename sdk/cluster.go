package sdk

// PCAWhiten projects rows f32[n,d] on their first dims principal components, each
// divided by its deviation (of the mean square, with epsilon added).
func PCAWhiten(x Value, dims int, epsilon float64) Value {
	n := float64(x.Dim(0))
	x = x.Sub(x.MeanKeep(0))
	covariance := x.T().MatMul(x).Scale(1 / n)
	values, vectors := covariance.SymmetricEigen()
	scale := values.Slice(0, 0, dims).MaxConst(0).AddConst(epsilon).Rsqrt()
	return x.MatMul(vectors.Slice(0, 0, dims).T()).Mul(scale)
}

// KMeans assigns rows f32[n,d] to k clusters by Lloyd's algorithm from k rows drawn
// by the key, and gives each row's cluster i32[n], the centroids f32[k,d] and the
// mean squared distance to them. In each iteration the empty clusters split the
// largest: both go on from its centroid, a little to either side of it (as faiss
// does).
func KMeans(x, key Value, k, iterations int) (clusters, centroids, distortion Value) {
	n := x.Dim(0)
	b := x.Builder()
	centroids = x.Take(0, key.Permutation(n).Slice(0, 0, k))
	for range iterations {
		clusters = NearestRow(x, centroids)
		sums := Filled(b, 0, k, x.Dim(1)).ScatterAdd(0, 0, clusters, x)
		size := count(clusters, k)
		centroids = size.Reshape(k, 1).MoreThan(0).Where(sums.Div(size.MaxConst(1).Reshape(k, 1)), centroids)
		centroids = splitLargest(centroids, size)
	}
	clusters = NearestRow(x, centroids)
	return clusters, centroids, x.Sub(centroids.Take(0, clusters)).Square().Sum(1).Mean()
}

// NearestRow is the centroid f32[k,d] at the smallest distance from each row f32[n,d]: i32[n].
func NearestRow(x, centroids Value) Value {
	half := centroids.Square().Sum(1).Scale(0.5)
	return x.MatMul(centroids.T()).Sub(half).ArgMax(1) // |x-c|^2 = |x|^2 - 2 (x.c - |c|^2/2)
}

// splitLargest puts each empty cluster's centroid beside that of a large one, which
// moves to the other side: the r-th empty beside the r-th largest.
func splitLargest(centroids, size Value) Value {
	b, k := centroids.Builder(), centroids.Dim(0)
	const aside = 1.0 / 1024
	empty := size.LessThan(0.5)
	bySize := size.Neg().ArgSort(0)
	rank := empty.Float().CumSum(0).AddConst(-1).MaxConst(0).Int() // of an empty cluster among the empty
	donor := bySize.Take(0, rank)

	// How often each cluster gives: only those that do move.
	gives := Filled(b, 0, k).ScatterAdd(0, 0, donor, empty.Float()).Reshape(k, 1).MoreThan(0)
	copied := centroids.Take(0, donor).Scale(1 + aside)
	moved := gives.Where(centroids.Scale(1-aside), centroids)
	return empty.Reshape(k, 1).Where(copied, moved)
}

// Shares is how large a part of the clusters i32[n] each of k is: f32[k].
func Shares(clusters Value, k int) Value {
	return count(clusters, k).Scale(1 / float64(clusters.Dim(0)))
}

// Perplexity is exp(H) of shares f32[k] that sum to 1: k where all are alike, 1 where
// one has everything.
func Perplexity(shares Value) Value {
	return shares.Mul(shares.MaxConst(1e-30).Log()).Sum().Neg().Exp()
}

// NMI is the normalised mutual information of two clusterings i32[n] of ka and kb,
// 2 I(a;b) / (H(a) + H(b)): 1 where they are the same up to names, 0 where one says
// nothing of the other.
func NMI(a, b Value, ka, kb int) Value {
	bd, n := a.Builder(), a.Dim(0)
	joint := Filled(bd, 0, ka*kb).ScatterAdd(0, 0, a.Scale(float64(kb)).Add(b), Filled(bd, 1/float64(n), n))
	entropy := func(p Value) Value { return p.Mul(p.MaxConst(1e-30).Log()).Sum().Neg() }
	ha, hb := entropy(joint.Reshape(ka, kb).Sum(1)), entropy(joint.Reshape(ka, kb).Sum(0))
	mutual := ha.Add(hb).Sub(entropy(joint))
	return mutual.Scale(2).Div(ha.Add(hb).MaxConst(1e-12))
}

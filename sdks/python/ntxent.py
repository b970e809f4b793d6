"""ntxent is the normalised temperature-scaled cross-entropy of SimCLR (Chen et al. 2020,
eq. 1), averaged over all 2N embeddings."""

import fw


@fw.loss("fw/ntxent", "1.0.0", "contrast")
class NTXent:
    """NT-Xent: each embedding picks its partner among the 2N-1 others (Chen et al. 2020, eq. 1)"""

    temperature = fw.Float(0.5, "scale of the similarities: 0.1 for ImageNet, 0.5 for CIFAR-10 in the paper", above=0)

    def loss(self, z1, z2):  # f32[N,D] each
        n = z1.dim(0)
        z = fw.concat(0, z1, z2).l2_normalize(1)  # f32[2N,D]
        sim = (z @ z.T * (1 / self.temperature)).mask_diagonal()
        positives = (fw.iota(2 * n) + n) % (2 * n)  # i's positive is i+N
        return sim.cross_entropy(positives).mean()


fw.serve(NTXent)

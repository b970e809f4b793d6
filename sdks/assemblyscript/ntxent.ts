// ntxent is the normalised temperature-scaled cross-entropy of SimCLR (Chen et al. 2020,
// eq. 1), averaged over all 2N embeddings.

import { Loss, Params, Value, above, concat, iota, serve } from "./fw";
export { fw_abi_v1, fw_alloc, fw_call } from "./fw/serve";

class NTXent extends Loss {
  temperature: f64 = 0;

  params(p: Params): void {
    this.temperature = p.float("temperature", 0.5, "scale of the similarities: 0.1 for ImageNet, 0.5 for CIFAR-10 in the paper", above(0));
  }

  loss(inputs: Value[]): Value {
    const z1 = inputs[0], z2 = inputs[1]; // f32[N,D] each
    const n = z1.dim(0);
    const z = concat(0, [z1, z2]).l2Normalize(1); // f32[2N,D]
    const sim = z.matmul(z.t()).scale(1.0 / this.temperature).maskDiagonal();
    const positives = iota(2 * n).addConst(n).mod(2 * n); // i's positive is i+N
    return sim.crossEntropy(positives).mean();
  }
}

serve(new NTXent("fw/ntxent", "1.0.0", "contrast")
  .doc("NT-Xent: each embedding picks its partner among the 2N-1 others (Chen et al. 2020, eq. 1)"));

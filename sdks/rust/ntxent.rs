//! ntxent is the normalised temperature-scaled cross-entropy of SimCLR (Chen et al. 2020,
//! eq. 1), averaged over all 2N embeddings.

mod fw;
use fw::*;

#[derive(Default)]
struct NTXent {
    temperature: f64,
}

impl Loss for NTXent {
    fn params(&mut self, p: &mut Params) {
        p.float(&mut self.temperature, "temperature", 0.5, "scale of the similarities: 0.1 for ImageNet, 0.5 for CIFAR-10 in the paper", &[above(0.0)]);
    }

    fn loss(&self, inputs: &[Value]) -> Value {
        let (z1, z2) = (inputs[0], inputs[1]); // f32[N,D] each
        let n = z1.dim(0);
        let z = concat(0, &[z1, z2]).l2_normalize(1); // f32[2N,D]
        let sim = z.matmul(z.t()).scale(1.0 / self.temperature).mask_diagonal();
        let positives = iota(2 * n).add_const(n as f64).modulo(2 * n); // i's positive is i+N
        sim.cross_entropy(positives).mean(&[])
    }
}

serve!(loss("fw/ntxent", "1.0.0", "contrast", NTXent::default()).doc("NT-Xent: each embedding picks its partner among the 2N-1 others (Chen et al. 2020, eq. 1)"));

// ntxent is the normalised temperature-scaled cross-entropy of SimCLR (Chen et al.
// 2020, eq. 1), averaged over all 2N embeddings.
#include "fw/fw.h"

static double temperature;

static fw_value loss(const fw_value *in) {
	fw_value z1 = in[0], z2 = in[1]; // f32[N,D] each
	int n = fw_dim(z1, 0);
	fw_value z = fw_l2_normalize(fw_concat(0, z1, z2), 1); // f32[2N,D]
	fw_value sim = fw_mask_diagonal(fw_scale(fw_matmul(z, fw_t(z)), 1 / temperature));
	fw_value positives = fw_mod(fw_add_const(fw_iota(2 * n), n), 2 * n); // i's positive is i+N
	return fw_mean(fw_cross_entropy(sim, positives), FW_ALL);
}

void fw_main(void) {
	fw_plugin *p = fw_loss("fw/ntxent", "1.0.0", "contrast", loss);
	fw_doc(p, "NT-Xent: each embedding picks its partner among the 2N-1 others (Chen et al. 2020, eq. 1)");
	fw_float(p, &temperature, "temperature", 0.5, "scale of the similarities: 0.1 for ImageNet, 0.5 for CIFAR-10 in the paper", fw_above(0));
}

// convnet is a small convolutional network: stages of a 3x3 convolution, BatchNorm and
// ReLU, each at half the size and twice the channels of the one before.
#include "fw/fw.h"

static int width, stages;

// stage is the features f32[N,D] of images f32[N,H,W,C], or with "map" those of each
// place, f32[N,h,w,D].
static fw_value stage(const char *name, fw_value x) {
	bool map = fw_same(name, "map");
	if (!map && !fw_same(name, "pooled")) {
		fw_fail(fw_text("this network has the stages map and pooled, not \"", name, "\"", NULL));
		return x;
	}
	for (int i = 0; i < stages; i++) {
		const char *at = fw_text("stage", fw_number(i), NULL);
		x = fw_convolution(fw_text(at, ".conv", NULL), x, width << i, 3, 2, 1);
		x = fw_batch_norm(fw_text(at, ".bn", NULL), x, fw_training(), true);
		x = fw_max_const(x, 0); // ReLU
	}
	return map ? x : fw_mean_over(x, (int[]){1, 2}, 2);
}

void fw_main(void) {
	fw_plugin *p = fw_network("mine/convnet", "1.0.0", stage);
	fw_doc(p, "convolution, BatchNorm and ReLU at half the size, again and again");
	fw_int(p, &width, "width", 32, "channels of the first stage", fw_between(1, 1024));
	fw_int(p, &stages, "stages", 3, "number of stages", fw_between(1, 6));
}

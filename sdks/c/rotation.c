// rotation is rotation prediction (Gidaris et al. 2018, "Unsupervised
// Representation Learning by Predicting Image Rotations").
#include "fw/fw.h"

// All four rotations of one crop, in one batch.
static void views(void) {
	fw_value img = fw_augmented(fw_crop_to(fw_image(), fw_image_size()));
	for (int k = 0; k < 4; k++) fw_label(fw_view(fw_rotate90(img, k)), "angle", k);
}

static fw_value objective(void) {
	fw_value h = fw_backbone("pooled", "", fw_views(0));
	fw_value logits = fw_linear("head", h, 4, true);
	fw_value angle = fw_target("angle");
	fw_value right = fw_convert(fw_compare("EQ", fw_argmax(logits, 1), angle), FW_F32);
	fw_metric("train/pretext_top1", fw_scale(fw_mean(right, FW_ALL), 100));
	return fw_loss_of(logits, angle);
}

void fw_main(void) {
	fw_plugin *p = fw_pretext("fw/rotation", "1.0.0", "classify", views, objective);
	fw_doc(p, "which of four right angles was the image turned by? (Gidaris et al. 2018)");
	fw_defaults(p, "fw/cross-entropy", "fw/random-resized-crop", "fw/flip");
}

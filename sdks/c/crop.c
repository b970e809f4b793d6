// contrastive-crop crops where the object is, and keeps the two crops of a pair
// apart ("Crafting Better Contrastive Views for Siamese Representation Learning",
// Peng et al. 2022, section 3).
#include "fw/fw.h"

static double alpha, min_scale, max_scale, min_ratio, max_ratio;

// centred is the first pixel of a crop of n whose centre lies on a box's edge, moved
// into the image. The product is a float's, as the authors'.
static int centred(double edge, int size, int n) {
	return fw_min(fw_max((int)((float)size * (float)edge) - n / 2, 0), size - n);
}

static int between(int first, int last, double share) { return first + (int)((double)(last - first) * share); }

static fw_rect crop(fw_key *k, fw_size img, fw_box box, int view) {
	for (int i = 0; i < 10; i++) {
		double area = fw_uniform(k, min_scale, max_scale) * fw_area(img);
		double ratio = fw_log_uniform(k, min_ratio, max_ratio);
		int w = fw_round(fw_sqrt(area * ratio)), h = fw_round(fw_sqrt(area / ratio));
		if (w < 1 || w > img.w || h < 1 || h > img.h) continue;
		if (!box.known) { // warm-up: a plain RandomResizedCrop
			int y = fw_intn(k, img.h - h + 1), x = fw_intn(k, img.w - w + 1);
			return (fw_rect){y, x, h, w};
		}
		int y0 = centred(box.y0, img.h, h), y1 = centred(box.y1, img.h, h);
		int x0 = centred(box.x0, img.w, w), x1 = centred(box.x1, img.w, w);
		double u = fw_beta(k, alpha, alpha), v = fw_beta(k, alpha, alpha);
		return (fw_rect){between(y0, y1, u), between(x0, x1, v), h, w};
	}
	return fw_center_crop(img, min_ratio, max_ratio);
}

void fw_main(void) {
	fw_plugin *p = fw_crop("fw/contrastive-crop", "1.0.0", crop);
	fw_boxes(p);
	fw_doc(p, "crops centred within the object's box, their centres rather at its edges than in its middle (Peng et al. 2022)");
	fw_float(p, &alpha, "alpha", 0.1, "shape of Beta(alpha, alpha): below 1 the middle is rare, 1 is uniform; the authors take 0.1 for small images, 0.6 for ImageNet", fw_above(0), fw_at_most(1e3));
	fw_float(p, &min_scale, "min_scale", 0.2, "smallest share of the image's area", fw_above(0), fw_at_most(1));
	fw_float(p, &max_scale, "max_scale", 1, "largest share of the image's area", fw_above(0), fw_at_most(1));
	fw_float(p, &min_ratio, "min_ratio", 3.0 / 4, "smallest width over height", fw_above(0));
	fw_float(p, &max_ratio, "max_ratio", 4.0 / 3, "largest width over height", fw_above(0));
	fw_ordered(p, "min_scale", "max_scale");
	fw_ordered(p, "min_ratio", "max_ratio");
}

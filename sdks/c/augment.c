// augment is the photometric recipe of SimCLR (Chen et al. 2020, appendix A): flip,
// colour jitter of strength s, grayscale, blur.
#include "fw/fw.h"

static double flip, strength, jitter, grayscale, blur;

static fw_value flipped(fw_value img) { return fw_picture("image_flip_horizontal", img); }

static fw_value jittered(fw_value img) {
	double s = strength;
	return fw_color_jitter(img, 0.8 * s, 0.8 * s, 0.8 * s, 0.2 * s);
}

static fw_value gray(fw_value img) { return fw_picture("image_grayscale", img); }

static fw_value blurred(fw_value img) {
	fw_value sigma = fw_draw_uniform(0.1, 2);
	return fw_adjust("image_gaussian_blur", img, sigma);
}

// Every draw is made anew for each image and view.
static fw_value augment(fw_value img) {
	img = fw_maybe(flip, img, flipped);
	img = fw_maybe(jitter, img, jittered);
	img = fw_maybe(grayscale, img, gray);
	return fw_maybe(blur, img, blurred);
}

void fw_main(void) {
	fw_plugin *p = fw_augment("fw/simclr-augment", "1.0.0", augment);
	fw_doc(p, "flip, colour jitter, grayscale and blur of SimCLR (Chen et al. 2020, appendix A)");
	fw_float(p, &flip, "flip", 0.5, "probability of a horizontal flip", fw_between(0, 1));
	fw_float(p, &strength, "strength", 0.5, "jitter: brightness, contrast and saturation 0.8 s, hue 0.2 s; 1 for ImageNet, 0.5 for CIFAR-10", fw_between(0, 2));
	fw_float(p, &jitter, "jitter", 0.8, "probability of the colour jitter", fw_between(0, 1));
	fw_float(p, &grayscale, "grayscale", 0.2, "probability of grayscale", fw_between(0, 1));
	fw_float(p, &blur, "blur", 0, "probability of a Gaussian blur, sigma in [0.1, 2]; 0.5 for ImageNet", fw_between(0, 1));
}

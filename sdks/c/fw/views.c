// View programs: what one image becomes.
#include "inside.h"

int fw_view_crops, fw_view_augments, fw_view_count;

static fw_value call_on(const char *callee, fw_value x, int view, fw_shape result) {
	fw_attr a[] = {fw_attr_string("callee", callee), fw_attr_int("view", view), fw_attr_shape("shape", result)};
	return fw_one("call", &x, 1, a, 3, result);
}

static fw_value cut(fw_value image, fw_value rect, int size) {
	fw_attr a[] = {fw_attr_int("height", size), fw_attr_int("width", size), fw_attr_int("channels", fw_channels()), fw_attr_string("interpolation", "bilinear")};
	return fw_one("image_crop_resize", (fw_value[]){image, rect}, 2, a, 4, fw_of(FW_U8, size, size, fw_channels()));
}

fw_value fw_image(void) { return fw_sample(); }

fw_value fw_crop_to(fw_value image, int size) {
	fw_value rect = call_on("crop", image, fw_view_crops++, fw_of(FW_RECT));
	return cut(image, rect, size);
}

fw_value fw_whole(fw_value image) { return cut(image, fw_one("image_rect", &image, 1, NULL, 0, fw_of(FW_RECT)), fw_image_size()); }

fw_value fw_augmented(fw_value picture) { return call_on("augment", picture, fw_view_augments++, fw_shape_at(picture)); }

int fw_view_of(fw_value numbers) {
	fw_output(fw_text("view.", fw_number(fw_view_count), NULL), numbers);
	return fw_view_count++;
}

int fw_view(fw_value picture) {
	fw_shape s = fw_shape_at(picture);
	s.dtype = FW_F32;
	fw_value x = fw_one("image_to_float", &picture, 1, NULL, 0, s);
	return fw_view_of(fw_one("image_normalize", &x, 1, NULL, 0, s));
}

void fw_target_value(int view, const char *name, fw_value x) { fw_output(fw_text("target.", name, ".", fw_number(view), NULL), x); }

void fw_label(int view, const char *name, int label) { fw_target_value(view, name, fw_fill(fw_of(FW_I32), label)); }

fw_value fw_picture(const char *op, fw_value picture) { return fw_one(op, &picture, 1, NULL, 0, fw_shape_at(picture)); }

fw_value fw_adjust(const char *op, fw_value picture, fw_value by) { return fw_one(op, (fw_value[]){picture, by}, 2, NULL, 0, fw_shape_at(picture)); }

fw_value fw_rotate90(fw_value picture, int quarters) {
	fw_shape s = fw_shape_at(picture);
	if (s.rank != 3 || s.dims[0] != s.dims[1]) fw_fail(fw_text("image_rotate90: expected a square picture, found ", fw_show(s), NULL));
	return fw_adjust("image_rotate90", picture, fw_fill(fw_of(FW_I32), quarters));
}

fw_value fw_draw_uniform(double lo, double hi) {
	fw_attr a[] = {fw_attr_float("low", lo), fw_attr_float("high", hi)};
	return fw_one("draw_uniform", NULL, 0, a, 2, fw_of(FW_F32));
}

fw_value fw_draw_bernoulli(double p) {
	fw_attr a = fw_attr_float("p", p);
	return fw_one("draw_bernoulli", NULL, 0, &a, 1, fw_of(FW_BOOL));
}

fw_value fw_draw_int(int n) {
	fw_attr a = fw_attr_int("n", n);
	return fw_one("draw_int", NULL, 0, &a, 1, fw_of(FW_I32));
}

fw_value fw_color_jitter(fw_value picture, double brightness, double contrast, double saturation, double hue) {
	double by[] = {brightness, contrast, saturation};
	fw_value in[6] = {picture};
	for (int i = 0; i < 3; i++) in[i + 1] = fw_draw_uniform(by[i] < 1 ? 1 - by[i] : 0, 1 + by[i]);
	in[4] = fw_draw_uniform(-hue, hue);
	fw_attr a = fw_attr_int("n", 4);
	in[5] = fw_one("draw_permutation", NULL, 0, &a, 1, fw_of(FW_I32, 4));
	return fw_one("image_color_jitter", in, 6, NULL, 0, fw_shape_at(picture));
}

fw_value fw_maybe(double p, fw_value picture, fw_value (*f)(fw_value)) {
	if (p <= 0) return picture;
	fw_value toss = fw_draw_bernoulli(p), changed = f(picture);
	return fw_where(toss, changed, picture);
}

// The twin of everyTask in every_test.go.
#include "fw/fw.h"

static int failing;

static void views(void) {
	fw_value img = fw_augmented(fw_crop_to(fw_image(), fw_image_size()));
	fw_value toss = fw_draw_bernoulli(0.5);
	img = fw_where(toss, fw_picture("image_flip_horizontal", img), img);
	img = fw_color_jitter(img, 0.4, 0.4, 1.2, 0.1);
	img = fw_picture("image_grayscale", fw_adjust("image_gaussian_blur", img, fw_draw_uniform(0.1, 2)));
	fw_label(fw_view(fw_rotate90(img, 1)), "which", 7);
	int small = fw_view(fw_crop_to(fw_image(), 4));
	fw_target_value(small, "which", fw_draw_int(9));
	fw_value whole = fw_whole(fw_image());
	fw_shape s = fw_shape_of_value(whole);
	s.dtype = FW_F32;
	fw_view_of(fw_emit("image_to_float", &whole, 1, NULL, 0, &s, 1));
}

static fw_value objective(void) {
	if (failing == 2) fw_panic("on purpose"); // panic
	int n = fw_batch();
	fw_value h = fw_backbone("pooled", "online", fw_view_batch(0));
	if (failing == 1) fw_binary("add", h, fw_views(1)); // mistake
	fw_value y = fw_linear("a", h, 6, false);
	y = fw_batch_norm("b", y, true, true);
	y = fw_max_const(fw_batch_norm("c", y, false, false), 0);
	const char *ops[] = {"abs", "negate", "exponential", "log", "sqrt", "rsqrt", "tanh", "logistic", "softmax", "stop_gradient"};
	for (int i = 0; i < 10; i++) y = fw_unary(ops[i], y);

	fw_value row = fw_constant(fw_of(FW_F32, 1, 6), (double[]){1, -2, 0.5, 3, 1.0 / 3, 1e-3});
	const char *pairs[] = {"add", "subtract", "multiply", "divide", "maximum", "minimum"};
	for (int i = 0; i < 6; i++) y = fw_binary(pairs[i], y, row);
	y = fw_square(fw_min_const(fw_max_const(fw_add_const(fw_scale(y, 0.1), 2), -1), 7));
	y = fw_where(fw_compare("LT", y, row), y, row);
	fw_value more = fw_compare_const("GT", y, 0.25);
	y = fw_where(more, y, fw_fill(fw_of(FW_F32), 0));
	y = fw_slice(fw_concat(1, y, fw_reverse(y, 1)), 1, 2, -1);
	y = fw_transpose(fw_reshape(y, (int64_t[]){n, 3, -1}, 3), (int[]){2, 0, 1});
	fw_value sum = fw_sum(fw_t(y), 0);
	y = fw_binary("subtract", sum, fw_reduce("maximum", fw_reshape(fw_mean_keep(y, 1), (int64_t[]){3, 3}, 2), 0));
	fw_value product = fw_matmul(fw_t(y), y);
	y = fw_binary("subtract", product, fw_max_keep(fw_dot(fw_t(y), y, 1, 0), 1));
	y = fw_l2_normalize(fw_mask_diagonal(y), -1);

	fw_value which = fw_slice(fw_target("which"), 0, 0, n);
	fw_value hot = fw_one_hot(fw_mod(which, 3), 3);
	hot = fw_mean(fw_broadcast_in_dim(hot, (int64_t[]){n, 2, 3}, 3, (int[]){0, 2}), 1);
	fw_value best = fw_argmax(hot, 1);
	fw_value rows = fw_unary("log_softmax", fw_take(hot, 0, 0, fw_mod(fw_binary("add", best, fw_iota(n)), n)));
	fw_value picked = fw_sum_keep(fw_cross_entropy(rows, fw_mod(which, 3)), 0);

	fw_value centre = fw_state("centre", "constant", (double[]){0.5}, 1, fw_of(FW_F32, 3));
	fw_value kept = fw_scale(centre, 0.9);
	fw_assign("centre", fw_binary("add", kept, fw_scale(fw_mean(rows, 0), 0.1)));
	fw_value step = fw_convert(fw_context("step"), FW_F32);
	fw_value share = fw_binary("divide", step, fw_convert(fw_context("steps"), FW_F32));
	fw_ema("online", "online_ema", share, true);
	fw_value w = fw_param("w", "normal", (double[]){0, 0.02}, 2, fw_of(FW_F32, 3));
	fw_metric("train/w", fw_sum(fw_binary("multiply", w, centre), FW_ALL));
	return fw_loss_of(fw_binary("add", y, fw_reshape(picked, (int64_t[]){1, 1}, 2)), which);
}

static const char *kind;
static bool on;
static fw_floats weights;
static fw_ints shifts;

static fw_value masked(const fw_value *in) {
	fw_value x = fw_binary("multiply", fw_sum(fw_square(fw_binary("subtract", in[0], in[1])), 2), in[2]);
	for (int i = 0; on && i < weights.n; i++) x = fw_scale(x, weights.at[i]);
	for (int i = 0; i < shifts.n; i++) x = fw_add_const(x, (double)shifts.at[i]);
	return kind[0] == 's' ? fw_sum(x, FW_ALL) : fw_mean(x, FW_ALL);
}

static fw_value recipe(fw_value picture) {
	if (fw_index() == 1) return fw_adjust("image_solarize", picture, fw_fill(fw_of(FW_I32), 128));
	return fw_adjust("image_brightness", picture, fw_draw_uniform(0.6, 1.4));
}

static fw_value stage(const char *name, fw_value x) {
	x = fw_convolution("conv1", x, 8, 3, 2, 1);
	x = fw_max_pool(fw_max_const(fw_batch_norm("bn1", x, fw_training(), true), 0), 3, 2, 1);
	if (name[0] == 'm') return x;
	return fw_mean(fw_reshape(x, (int64_t[]){fw_dim(x, 0), -1, fw_dim(x, 3)}, 3), 1);
}

void fw_main(void) {
	fw_plugin *p = fw_pretext("test/every", "0.1.0", "classify", views, objective);
	fw_int(p, &failing, "fail", 0, "1: a mistake in the trace, 2: a panic", fw_between(0, 2));
	p = fw_loss("test/masked", "0.1.0", "reconstruct", masked);
	static const double factors[] = {1, 0.5};
	static const int64_t summands[] = {-1, 300};
	fw_string(p, &kind, "kind", "mean", "sum or mean", fw_choice("mean"), fw_choice("sum"));
	fw_bool(p, &on, "on", true, "whether the weights count");
	fw_float_list(p, &weights, "weights", ((fw_floats){factors, 2}), "factors", fw_above(0), fw_below(100));
	fw_int_list(p, &shifts, "shifts", ((fw_ints){summands, 2}), "summands", fw_at_least(-2));
	fw_augment("test/recipe", "0.1.0", recipe);
	fw_network("test/net", "0.1.0", stage);
}

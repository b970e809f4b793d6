// Objectives: parameters, states, and the other plugins of an experiment.
#include "inside.h"

static fw_value kept_value(const char *op, const char *name, const char *init, const double *args, int n, fw_shape s) {
	fw_attr a[] = {fw_attr_shape("shape", s), fw_attr_string("name", name), fw_attr_string("init", init), fw_attr_floats("args", args, n)};
	return fw_one(op, NULL, 0, a, 4, s);
}

fw_value fw_param(const char *name, const char *init, const double *args, int n, fw_shape s) { return kept_value("param", name, init, args, n, s); }
fw_value fw_state(const char *name, const char *init, const double *args, int n, fw_shape s) { return kept_value("state", name, init, args, n, s); }

void fw_assign(const char *state, fw_value x) {
	fw_attr a = fw_attr_string("name", state);
	fw_nothing("assign", &x, 1, &a, 1);
}

void fw_ema(const char *source, const char *target, fw_value momentum, bool before) {
	fw_attr a[] = {fw_attr_string("source", source), fw_attr_string("target", target), fw_attr_int("before", before)};
	fw_nothing("ema", &momentum, 1, a, 3);
}

void fw_metric(const char *name, fw_value x) {
	fw_attr a = fw_attr_string("name", name);
	fw_nothing("metric", &x, 1, &a, 1);
}

fw_value fw_context(const char *name) {
	fw_attr a = fw_attr_string("name", name);
	return fw_one("context", NULL, 0, &a, 1, fw_of(FW_I32));
}

fw_value fw_linear(const char *name, fw_value x, int out, bool bias) {
	int in = fw_dim(x, -1);
	double bound = 1 / fw_sqrt(in), uniform[] = {-bound, bound};
	fw_value w = fw_param(fw_text(name, ".weight", NULL), "uniform", uniform, 2, fw_of(FW_F32, out, in));
	fw_value y = fw_dot(x, w, -1, 1);
	if (!bias) return y;
	fw_value b = fw_param(fw_text(name, ".bias", NULL), "uniform", uniform, 2, fw_of(FW_F32, out));
	return fw_binary("add", y, b);
}

fw_value fw_batch_norm(const char *name, fw_value x, bool training, bool affine) {
	int c = fw_dim(x, -1), groups = fw_max(1, fw_norm_groups);
	double zero = 0, one = 1, epsilon = 1e-5;
	fw_shape s = fw_of(FW_F32, c), y = fw_shape_at(x), statistics = groups > 1 ? fw_of(FW_F32, groups, c) : s;
	fw_value scale = fw_fill(s, 1), offset = fw_fill(s, 0);
	if (affine) {
		scale = fw_param(fw_text(name, ".weight", NULL), "constant", &one, 1, s);
		offset = fw_param(fw_text(name, ".bias", NULL), "constant", &zero, 1, s);
	}
	const char *running_mean = fw_text(name, ".running_mean", NULL), *running_var = fw_text(name, ".running_var", NULL);
	fw_value mean = fw_state(running_mean, "constant", &zero, 1, s), variance = fw_state(running_var, "constant", &one, 1, s);
	fw_attr a[] = {fw_attr_float("epsilon", epsilon), fw_attr_int("groups", groups)};
	if (!training) return fw_one("batch_norm_inference", (fw_value[]){x, scale, offset, mean, variance}, 5, a, 1, y);
	fw_value out = fw_emit("batch_norm_training", (fw_value[]){x, scale, offset}, 3, a, 2, (fw_shape[]){y, statistics, statistics}, 3);
	if (fw_failed()) return out;
	fw_value m = {out.id + 1}, v = {out.id + 2};
	if (groups > 1) m = fw_mean(m, 0), v = fw_mean(v, 0);
	double n = (double)(fw_elements(x) / c / groups);
	fw_value kept = fw_scale(mean, 0.9);
	fw_assign(running_mean, fw_binary("add", kept, fw_scale(m, 0.1)));
	kept = fw_scale(variance, 0.9);
	fw_assign(running_var, fw_binary("add", kept, fw_scale(v, 0.1 * n / (n > 2 ? n - 1 : 1))));
	return out;
}

// window is a dimension's size after a window of k moves over n.
static int64_t window(int64_t n, int k, int stride, int pad) { return (n + 2 * pad - k) / stride + 1; }

fw_value fw_convolution(const char *name, fw_value x, int out, int k, int stride, int pad) {
	double init[] = {0, fw_sqrt(2.0 / (k * k * out))};
	fw_value w = fw_param(fw_text(name, ".weight", NULL), "normal", init, 2, fw_of(FW_F32, out, fw_dim(x, -1), k, k));
	fw_shape s = fw_shape_at(x);
	if (s.rank != 4) fw_fail(fw_text("convolution: expected f32[B,H,W,C], found ", fw_show(s), NULL));
	fw_shape y = fw_of(FW_F32, s.dims[0], window(s.dims[1], k, stride, pad), window(s.dims[2], k, stride, pad), out);
	int64_t strides[] = {stride, stride}, pads[] = {pad, pad, pad, pad}, ones[] = {1, 1};
	fw_attr a[] = {fw_attr_ints("stride", strides, 2), fw_attr_ints("padding", pads, 4), fw_attr_ints("dilation", ones, 2), fw_attr_int("groups", 1)};
	return fw_one("convolution", (fw_value[]){x, w}, 2, a, 4, y);
}

fw_value fw_max_pool(fw_value x, int k, int stride, int pad) {
	fw_shape s = fw_shape_at(x);
	if (s.rank != 4) fw_fail(fw_text("reduce_window: expected f32[B,H,W,C], found ", fw_show(s), NULL));
	s.dims[1] = window(s.dims[1], k, stride, pad), s.dims[2] = window(s.dims[2], k, stride, pad);
	int64_t windows[] = {k, k}, strides[] = {stride, stride}, pads[] = {pad, pad, pad, pad};
	fw_attr a[] = {fw_attr_ints("window", windows, 2), fw_attr_ints("stride", strides, 2), fw_attr_ints("padding", pads, 4), fw_attr_string("kind", "maximum")};
	return fw_one("reduce_window", &x, 1, a, 4, s);
}

fw_value fw_views(int group) { return fw_input(fw_text("views.", fw_number(group), NULL)); }

fw_value fw_view_batch(int view) {
	for (int group = 0; !fw_failed(); group++) {
		fw_value all = fw_views(group);
		int b = fw_batch(), n = b > 0 ? fw_dim(all, 0) / b : 0;
		if (view < n) return fw_slice(all, 0, view * b, (view + 1) * b);
		view -= n;
	}
	return (fw_value){-1};
}

fw_value fw_target(const char *name) { return fw_input(fw_text("target.", name, NULL)); }

fw_value fw_backbone(const char *stage, const char *scope, fw_value x) {
	return fw_call(fw_text("backbone.", stage, NULL), *scope ? fw_text(scope, ".backbone", NULL) : "backbone", &x, 1);
}

fw_value fw_loss_of(fw_value x, fw_value y) { return fw_call("loss", "loss", (fw_value[]){x, y}, 2); }

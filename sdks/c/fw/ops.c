// Values: each function is a few instructions, with the rules of their shapes.
#include "inside.h"

static const char *both(fw_value x, fw_value y) { return fw_text(fw_show(fw_shape_at(x)), " and ", fw_show(fw_shape_at(y)), NULL); }

// ---- Shape ----

// checked_rank is a rank that a shape can have; any other is a mistake, and 0.
static int checked_rank(int rank) {
	if (rank >= 0 && rank <= 8) return rank;
	fw_fail(fw_text("a shape has at most 8 dimensions, found ", fw_number(rank), NULL));
	return 0;
}

fw_value fw_reshape(fw_value x, const int64_t *dims, int rank) {
	rank = checked_rank(rank);
	fw_shape s = {.dtype = fw_shape_at(x).dtype, .rank = rank};
	int64_t rest = fw_elements(x);
	int unknown = -1;
	for (int i = 0; i < rank; i++) {
		s.dims[i] = dims[i];
		if (dims[i] == -1 && unknown < 0) unknown = i;
		else if (dims[i] > 0 && rest % dims[i] == 0) rest /= dims[i];
	}
	if (unknown >= 0) s.dims[unknown] = rest, rest = 1;
	if (fw_same_dims(s, fw_shape_at(x))) return x;
	int64_t n = 1;
	for (int i = 0; i < rank; i++) n *= s.dims[i];
	if (n != fw_elements(x)) fw_fail(fw_text("reshape: ", fw_show(fw_shape_at(x)), " has ", fw_number(fw_elements(x)), " elements, ", fw_show(s), " has ", fw_number((double)n), NULL));
	fw_attr to = fw_attr_ints("to", s.dims, rank);
	return fw_one("reshape", &x, 1, &to, 1, s);
}

fw_value fw_transpose(fw_value x, const int *permutation) {
	fw_shape s = fw_shape_at(x), out = s;
	int64_t list[8];
	for (int i = 0; i < s.rank; i++) {
		list[i] = fw_axis(x, permutation[i]);
		out.dims[i] = s.dims[list[i]];
	}
	fw_attr a = fw_attr_ints("permutation", list, s.rank);
	return fw_one("transpose", &x, 1, &a, 1, out);
}

fw_value fw_t(fw_value x) {
	int n = fw_rank(x), permutation[8] = {0, 1, 2, 3, 4, 5, 6, 7};
	if (n < 2) {
		fw_fail(fw_text("transpose of ", fw_show(fw_shape_at(x)), " needs two dimensions", NULL));
		return x;
	}
	permutation[n - 1] = n - 2, permutation[n - 2] = n - 1;
	return fw_transpose(x, permutation);
}

fw_value fw_slice(fw_value x, int axis, int start, int limit) {
	axis = fw_axis(x, axis);
	fw_shape s = fw_shape_at(x);
	int64_t starts[8] = {0}, limits[8], strides[8];
	for (int i = 0; i < s.rank; i++) limits[i] = s.dims[i], strides[i] = 1;
	if (limit <= 0) limit += (int)s.dims[axis];
	starts[axis] = start, limits[axis] = limit;
	if (start == 0 && limit == s.dims[axis]) return x;
	if (start < 0 || start >= limit || limit > s.dims[axis])
		fw_fail(fw_text("slice: [", fw_number(start), ":", fw_number(limit), ":1] is not inside dimension ", fw_number(axis), " of ", fw_show(s), NULL));
	s.dims[axis] = limit - start;
	fw_attr a[] = {fw_attr_ints("start", starts, s.rank), fw_attr_ints("limit", limits, s.rank), fw_attr_ints("stride", strides, s.rank)};
	return fw_one("slice", &x, 1, a, 3, s);
}

fw_value fw_concat_all(int axis, const fw_value *x, int n) {
	if (n == 1) return x[0];
	axis = fw_axis(x[0], axis);
	fw_shape out = fw_shape_at(x[0]);
	for (int i = 1; i < n; i++) {
		fw_shape s = fw_shape_at(x[i]), like = out;
		if (s.rank == out.rank) like.dims[axis] = s.dims[axis];
		if (!fw_equal(s, like)) fw_fail(fw_text("concatenate: cannot join ", both(x[0], x[i]), " along ", fw_number(axis), NULL));
		out.dims[axis] += s.dims[axis];
	}
	fw_attr a = fw_attr_int("dim", axis);
	return fw_one("concatenate", x, n, &a, 1, out);
}

fw_value fw_concat(int axis, fw_value x, fw_value y) { return fw_concat_all(axis, (fw_value[]){x, y}, 2); }

fw_value fw_reverse(fw_value x, int axis) {
	int64_t dim = fw_axis(x, axis);
	fw_attr a = fw_attr_ints("dims", &dim, 1);
	return fw_one("reverse", &x, 1, &a, 1, fw_shape_at(x));
}

fw_value fw_broadcast_in_dim(fw_value x, const int64_t *dims, int rank, const int *at) {
	rank = checked_rank(rank);
	fw_shape s = fw_shape_at(x), out = {.dtype = s.dtype, .rank = rank};
	int64_t places[8];
	for (int i = 0; i < rank; i++) out.dims[i] = dims[i];
	for (int i = 0; i < s.rank; i++) {
		places[i] = at[i];
		if (at[i] < 0 || at[i] >= rank || (s.dims[i] != 1 && s.dims[i] != dims[at[i]])) fw_fail(fw_text("broadcast_in_dim: ", fw_show(s), " does not stretch to ", fw_show(out), NULL));
	}
	fw_attr a[] = {fw_attr_ints("to", dims, rank), fw_attr_ints("dims", places, s.rank)};
	return fw_one("broadcast_in_dim", &x, 1, a, 2, out);
}

fw_value fw_broadcast_to(fw_value x, const int64_t *dims, int rank) {
	rank = checked_rank(rank);
	fw_shape s = fw_shape_at(x), out = {.dtype = s.dtype, .rank = rank};
	for (int i = 0; i < rank; i++) out.dims[i] = dims[i];
	if (fw_same_dims(s, out)) return x;
	int at[8];
	for (int i = 0; i < s.rank; i++) at[i] = rank - s.rank + i;
	return fw_broadcast_in_dim(x, dims, rank, at);
}

// broadcast stretches both to one shape by NumPy's rule.
static void broadcast(fw_value *x, fw_value *y) {
	fw_shape a = fw_shape_at(*x), b = fw_shape_at(*y), out = {.rank = fw_max(a.rank, b.rank)};
	if (fw_same_dims(a, b)) return;
	for (int i = 0; i < out.rank; i++) {
		int p = i - (out.rank - a.rank), q = i - (out.rank - b.rank);
		int64_t m = p < 0 ? 1 : a.dims[p], n = q < 0 ? 1 : b.dims[q];
		if (m != n && m != 1 && n != 1) fw_fail(fw_text("shapes do not broadcast: ", both(*x, *y), NULL));
		out.dims[i] = m == 1 ? n : m;
	}
	*x = fw_broadcast_to(*x, out.dims, out.rank);
	*y = fw_broadcast_to(*y, out.dims, out.rank);
}

// ---- Constants ----

// element is the bytes of x in an element type.
static size_t element(fw_dtype d, double x, uint8_t *to) {
	uint32_t w = d == FW_I32 ? (uint32_t)(int32_t)x : (uint32_t)x;
	if (d == FW_F32 || d == FW_BF16) {
		float f = (float)x;
		__builtin_memcpy(&w, &f, 4);
	}
	if (d == FW_BF16) w = (w & 0x7f800000) == 0 ? w >> 16 & 0x8000 : (w + 0x7fff + (w >> 16 & 1)) >> 16; // x is finite
	size_t n = fw_dtype_size(d);
	__builtin_memcpy(to, &w, n);
	return n;
}

fw_value fw_fill(fw_shape s, double x) {
	uint8_t bytes[4];
	size_t n = element(s.dtype, x, bytes);
	fw_attr a[] = {fw_attr_shape("shape", s), fw_attr_bytes("value", bytes, (int)n)};
	return fw_one("constant", NULL, 0, a, 2, s);
}

fw_value fw_constant(fw_shape s, const double *elements) {
	int64_t n = 1;
	for (int i = 0; i < s.rank; i++) n *= s.dims[i];
	uint8_t *bytes = fw_take_memory((size_t)(4 * n));
	size_t size = 0;
	for (int64_t i = 0; i < n; i++) size += element(s.dtype, elements[i], bytes + size);
	fw_attr a[] = {fw_attr_shape("shape", s), fw_attr_bytes("value", bytes, (int)size)};
	return fw_one("constant", NULL, 0, a, 2, s);
}

fw_value fw_iota_of(fw_shape s, int dim) {
	fw_attr a[] = {fw_attr_shape("shape", s), fw_attr_int("dim", dim)};
	return fw_one("iota", NULL, 0, a, 2, s);
}

fw_value fw_iota(int n) { return fw_iota_of(fw_of(FW_I32, n), 0); }

static fw_value constant_like(fw_value x, double y) { return fw_fill(fw_shape_at(x), y); }

// ---- Arithmetic ----

fw_value fw_unary(const char *op, fw_value x) {
	fw_shape s = fw_shape_at(x);
	if (fw_same(op, "is_finite")) s.dtype = FW_BOOL;
	return fw_one(op, &x, 1, NULL, 0, s);
}

static fw_value pair(const char *op, fw_value x, fw_value y, const fw_attr *a, int n, bool predicate) {
	broadcast(&x, &y);
	fw_shape s = fw_shape_at(x);
	if (!fw_equal(s, fw_shape_at(y))) fw_fail(fw_text(op, ": expected two operands of one shape, found ", both(x, y), NULL));
	if (predicate) s.dtype = FW_BOOL;
	return fw_one(op, (fw_value[]){x, y}, 2, a, n, s);
}

fw_value fw_binary(const char *op, fw_value x, fw_value y) { return pair(op, x, y, NULL, 0, false); }

fw_value fw_compare(const char *direction, fw_value x, fw_value y) {
	fw_attr a = fw_attr_string("direction", direction);
	return pair("compare", x, y, &a, 1, true);
}

fw_value fw_where(fw_value p, fw_value x, fw_value y) {
	broadcast(&x, &y);
	if (fw_rank(p) > 0) {
		fw_value q = p;
		broadcast(&q, &x);
		fw_shape s = fw_shape_at(q);
		p = q, y = fw_broadcast_to(y, s.dims, s.rank);
	} else if (fw_shape_at(x).dtype != FW_U8) {
		fw_shape s = fw_shape_at(x);
		p = fw_broadcast_to(p, s.dims, s.rank);
	}
	if (fw_shape_at(p).dtype != FW_BOOL || !fw_equal(fw_shape_at(x), fw_shape_at(y))) fw_fail(fw_text("select: expected a predicate and two operands of its dimensions, found ", fw_show(fw_shape_at(p)), ", ", both(x, y), NULL));
	return fw_one("select", (fw_value[]){p, x, y}, 3, NULL, 0, fw_shape_at(x));
}

fw_value fw_convert(fw_value x, fw_dtype to) {
	fw_shape s = fw_shape_at(x);
	if (s.dtype == to) return x;
	s.dtype = to;
	fw_attr a = fw_attr_string("to", fw_dtypes[to]);
	return fw_one("convert", &x, 1, &a, 1, s);
}

fw_value fw_scale(fw_value x, double y) { return fw_binary("multiply", x, constant_like(x, y)); }
fw_value fw_add_const(fw_value x, double y) { return fw_binary("add", x, constant_like(x, y)); }
fw_value fw_max_const(fw_value x, double y) { return fw_binary("maximum", x, constant_like(x, y)); }
fw_value fw_min_const(fw_value x, double y) { return fw_binary("minimum", x, constant_like(x, y)); }
fw_value fw_mod(fw_value x, int n) { return fw_binary("remainder", x, constant_like(x, n)); }
fw_value fw_compare_const(const char *direction, fw_value x, double y) { return fw_compare(direction, x, constant_like(x, y)); }
fw_value fw_square(fw_value x) { return fw_binary("multiply", x, x); }

// ---- Reductions ----

fw_value fw_reduce_over(const char *kind, fw_value x, const int *axes, int n) {
	fw_shape s = fw_shape_at(x), out = {.dtype = s.dtype};
	int64_t dims[8];
	bool away[8] = {false};
	for (int i = 0; i < n; i++) dims[i] = fw_axis(x, axes[i]), away[dims[i]] = true;
	for (int i = 0; i < s.rank; i++)
		if (!away[i]) out.dims[out.rank++] = s.dims[i];
	fw_attr a[] = {fw_attr_ints("dims", dims, n), fw_attr_string("kind", kind)};
	return fw_one("reduce", &x, 1, a, 2, out);
}

fw_value fw_reduce(const char *kind, fw_value x, int axis) {
	const int all[8] = {0, 1, 2, 3, 4, 5, 6, 7};
	return axis == FW_ALL ? fw_reduce_over(kind, x, all, fw_rank(x)) : fw_reduce_over(kind, x, &axis, 1);
}

fw_value fw_sum(fw_value x, int axis) { return fw_reduce("add", x, axis); }

// mean_of is the sum of x's elements, over how many of them there are in each.
static fw_value mean_of(fw_value x, fw_value sum) { return fw_scale(sum, (double)fw_elements(sum) / (double)fw_elements(x)); }

fw_value fw_mean(fw_value x, int axis) { return mean_of(x, fw_sum(x, axis)); }
fw_value fw_mean_over(fw_value x, const int *axes, int n) { return mean_of(x, fw_reduce_over("add", x, axes, n)); }

static fw_value keep(fw_value reduced, fw_value like, int axis) {
	fw_shape s = fw_shape_at(like);
	if (axis != FW_ALL) axis = fw_axis(like, axis);
	for (int i = 0; i < s.rank; i++)
		if (axis == FW_ALL || axis == i) s.dims[i] = 1;
	return fw_reshape(reduced, s.dims, s.rank);
}

fw_value fw_sum_keep(fw_value x, int axis) { return keep(fw_sum(x, axis), x, axis); }
fw_value fw_mean_keep(fw_value x, int axis) { return keep(fw_mean(x, axis), x, axis); }
fw_value fw_max_keep(fw_value x, int axis) { return keep(fw_reduce("maximum", x, axis), x, axis); }

fw_value fw_argmax(fw_value x, int axis) {
	axis = fw_axis(x, axis);
	fw_shape s = fw_shape_at(x), out = {.dtype = FW_I32};
	for (int i = 0; i < s.rank; i++)
		if (i != axis) out.dims[out.rank++] = s.dims[i];
	fw_attr a = fw_attr_int("dim", axis);
	return fw_one("argmax", &x, 1, &a, 1, out);
}

fw_value fw_take(fw_value x, int axis, int batch_dims, fw_value indices) {
	axis = fw_axis(x, axis);
	fw_shape s = fw_shape_at(x), at = fw_shape_at(indices), out = {.dtype = s.dtype};
	if (at.dtype != FW_I32 || batch_dims > axis || batch_dims > at.rank || s.rank + at.rank - batch_dims > 9) {
		fw_fail(fw_text("gather: axis ", fw_number(axis), " with ", fw_number(batch_dims), " batch dimensions does not fit ", fw_show(s), " and indices ", fw_show(at), NULL));
		return x;
	}
	for (int i = 0; i < axis; i++) out.dims[out.rank++] = s.dims[i];
	for (int i = batch_dims; i < at.rank; i++) out.dims[out.rank++] = at.dims[i];
	for (int i = axis + 1; i < s.rank; i++) out.dims[out.rank++] = s.dims[i];
	fw_attr a[] = {fw_attr_int("axis", axis), fw_attr_int("batch_dims", batch_dims)};
	return fw_one("gather", (fw_value[]){x, indices}, 2, a, batch_dims > 0 ? 2 : 1, out);
}

// ---- Products and what losses are made of ----

fw_value fw_dot(fw_value x, fw_value y, int x_contract, int y_contract) {
	int64_t l = fw_axis(x, x_contract), r = fw_axis(y, y_contract);
	fw_shape a = fw_shape_at(x), b = fw_shape_at(y), out = {.dtype = FW_F32};
	if (a.dtype != FW_F32 || b.dtype != FW_F32 || a.dims[l] != b.dims[r] || a.rank + b.rank > 10) {
		fw_fail(fw_text("dot_general: dimension ", fw_number((double)l), " of ", fw_show(a), " does not match dimension ", fw_number((double)r), " of ", fw_show(b), NULL));
		return x;
	}
	for (int i = 0; i < a.rank; i++) if (i != l) out.dims[out.rank++] = a.dims[i];
	for (int i = 0; i < b.rank; i++) if (i != r) out.dims[out.rank++] = b.dims[i];
	fw_attr attrs[] = {fw_attr_ints("lhs_batch", NULL, 0), fw_attr_ints("rhs_batch", NULL, 0), fw_attr_ints("lhs_contract", &l, 1), fw_attr_ints("rhs_contract", &r, 1)};
	return fw_one("dot_general", (fw_value[]){x, y}, 2, attrs, 4, out);
}

fw_value fw_matmul(fw_value x, fw_value y) {
	if (fw_rank(y) != 2) fw_fail(fw_text("matmul: expected a matrix on the right, found ", fw_show(fw_shape_at(y)), NULL));
	return fw_dot(x, y, -1, 0);
}

fw_value fw_l2_normalize(fw_value x, int axis) { // by at least 1e-12, as torch.nn.functional.normalize
	fw_value square = fw_sum_keep(fw_square(x), axis);
	return fw_binary("multiply", x, fw_unary("rsqrt", fw_max_const(square, 1e-24)));
}

fw_value fw_cross_entropy(fw_value logits, fw_value labels) {
	int n = fw_dim(logits, 0);
	fw_value log_p = fw_unary("log_softmax", logits);
	fw_value picked = fw_take(log_p, 1, 1, fw_reshape(labels, (int64_t[]){n, 1}, 2));
	return fw_unary("negate", fw_reshape(picked, (int64_t[]){n}, 1));
}

fw_value fw_mask_diagonal(fw_value x) {
	fw_shape s = fw_shape_at(x);
	if (s.rank < 2) fw_fail(fw_text("the diagonal of ", fw_show(s), NULL));
	s.dtype = FW_I32;
	fw_value i = fw_iota_of(s, s.rank - 2), j = fw_iota_of(s, s.rank - 1);
	fw_value diagonal = fw_compare("EQ", i, j);
	return fw_where(diagonal, constant_like(x, -1e9), x);
}

fw_value fw_one_hot(fw_value x, int n) {
	fw_shape s = fw_shape_at(x);
	int at[8] = {0, 1, 2, 3, 4, 5, 6, 7};
	if (!checked_rank(s.rank + 1)) return x;
	s.dims[s.rank++] = n, s.dtype = FW_I32;
	fw_value classes = fw_iota_of(s, s.rank - 1);
	return fw_convert(fw_compare("EQ", fw_broadcast_in_dim(x, s.dims, s.rank, at), classes), FW_F32);
}

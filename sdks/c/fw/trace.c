// A trace: the function under construction, kept as the bytes of its message.
#include "inside.h"

enum { MOST_OUTPUTS = 256 };

static fw_plugin *traced;
static fw_writer inputs, instructions;
static fw_shape *shapes; // by value
static int values, room;
static struct { const char *name; int value; } *outputs;
static int outputs_n;
static const char *mistake; // the first
static bool needs;          // a callee whose result's shape is not known yet
static struct { const char *callee; fw_shape in[8]; int n; } need;
static const char *file;
static int line;

// Of the request.
typedef struct { const char *name; fw_shape shape; int value; } port;
typedef struct { const char *callee; fw_shape in[8], out; int n; } signature;
static const char *function; // of the request
static port *ports;
static signature *known;
static int ports_n, known_n, view_index, samples, channels, image_size, batch;
static bool training;
int fw_norm_groups;

const char *const fw_dtypes[] = {"invalid", "f32", "bf16", "i32", "u32", "u8", "bool", "image", "rect"};

fw_dtype fw_dtype_named(const char *name) {
	for (int d = 1; d < FW_N(fw_dtypes); d++)
		if (fw_same(fw_dtypes[d], name)) return (fw_dtype)d;
	return (fw_dtype)0;
}

size_t fw_dtype_size(fw_dtype d) { return (const size_t[]){0, 4, 2, 4, 4, 1, 1, 0, 0}[d]; }

void fw_here(const char *f, int l) { file = f, line = l; }

const char *fw_place(const char *text) { return !*file ? text : fw_text(fw_base_name(file), ":", fw_number(line), ": ", text, NULL); }

NOINLINE void fw_fail(const char *text) {
	if (!fw_failed()) mistake = fw_place(text);
}

bool fw_failed(void) { return mistake || needs || fw_refusal(); }

// ---- Shapes ----

fw_shape fw_shape_of(fw_dtype d, const int64_t *dims, size_t n) {
	fw_shape s = {.dtype = d, .rank = (int)n - 1};
	if (n > 9) fw_fail("a shape has at most 8 dimensions"), s.rank = 0;
	for (int i = 0; i < s.rank; i++) s.dims[i] = dims[i + 1];
	return s;
}

NOINLINE fw_shape fw_shape_at(fw_value x) {
	if (x.id < 0 || x.id >= values) return (fw_shape){.dtype = FW_F32};
	return shapes[x.id];
}

fw_shape fw_shape_of_value(fw_value x) { return fw_shape_at(x); }
int fw_rank(fw_value x) { return fw_shape_at(x).rank; }

int fw_elements(fw_value x) {
	fw_shape s = fw_shape_at(x);
	int64_t n = 1;
	for (int i = 0; i < s.rank; i++) n *= s.dims[i];
	return (int)n;
}

NOINLINE int fw_axis(fw_value x, int axis) {
	int r = fw_rank(x);
	if (axis < -r || axis >= r) {
		fw_fail(fw_text("dimension ", fw_number(axis), " is outside ", fw_show(fw_shape_at(x)), NULL));
		return 0;
	}
	return axis < 0 ? axis + r : axis;
}

int fw_dim(fw_value x, int i) {
	i = fw_axis(x, i);
	return fw_rank(x) == 0 ? 1 : (int)fw_shape_at(x).dims[i];
}

NOINLINE bool fw_same_dims(fw_shape a, fw_shape b) {
	for (int i = 0; i < a.rank && i < b.rank; i++)
		if (a.dims[i] != b.dims[i]) return false;
	return a.rank == b.rank;
}

NOINLINE bool fw_equal(fw_shape a, fw_shape b) { return a.dtype == b.dtype && fw_same_dims(a, b); }

NOINLINE const char *fw_show(fw_shape s) {
	const char *t = fw_text(fw_dtypes[s.dtype], "[", NULL);
	for (int i = 0; i < s.rank; i++) t = fw_text(t, i ? "," : "", fw_number((double)s.dims[i]), NULL);
	return fw_text(t, "]", NULL);
}

static bool sound(fw_shape s) {
	int64_t n = 1;
	for (int i = 0; i < s.rank; i++) {
		if (s.dims[i] < 1 || s.dims[i] > ((int64_t)1 << 34) / n) return false;
		n *= s.dims[i];
	}
	return s.dtype >= FW_F32 && s.dtype <= FW_RECT && s.rank <= 8;
}

// ---- Instructions ----

static int defined(fw_shape s) {
	if (values == room) {
		fw_shape *more = fw_take_memory((size_t)(room = 2 * room + 64) * sizeof *more);
		__builtin_memcpy(more, shapes, (size_t)values * sizeof *more);
		shapes = more;
	}
	shapes[values] = s;
	return values++;
}

static void put_attr(fw_writer *w, const fw_attr *a) {
	size_t at = fw_open(w, 4);
	fw_put_string(w, 1, a->name);
	fw_put_uint(w, 2, (uint64_t)a->kind);
	switch (a->kind) {
	case 1: fw_put_sint(w, 3, a->i); break;
	case 2: fw_put_ints(w, 4, a->list, (size_t)a->n); break;
	case 3: fw_put_double(w, 5, a->f); break;
	case 4: fw_put_doubles(w, 6, a->list, (size_t)a->n); break;
	case 5: fw_put_string(w, 7, a->list); break;
	case 6: fw_put_shape(w, 8, a->shape); break;
	case 7: fw_put_bytes(w, 9, a->list, (size_t)a->n); break;
	}
	fw_close(w, at);
}

static bool before(const char *a, const char *b) {
	while (*a && *a == *b) a++, b++;
	return (uint8_t)*a < (uint8_t)*b;
}

NOINLINE fw_value fw_emit(const char *op, const fw_value *in, int n, const fw_attr *attrs, int attrs_n, const fw_shape *results, int results_n) {
	fw_value none = {-1};
	for (int i = 0; i < n; i++)
		if (in[i].id < 0 || in[i].id >= values) fw_fail(fw_text(op, ": operand ", fw_number(i), " is no value of this function", NULL));
	for (int i = 0; i < results_n; i++)
		if (!sound(results[i])) fw_fail(fw_text(op, ": ", fw_show(results[i]), " has a dimension below 1 or too many elements", NULL));
	if (fw_failed()) return none;

	fw_writer *w = &instructions;
	size_t at = fw_open(w, 3);
	fw_put_string(w, 1, op);
	if (n > 0) {
		size_t operands = fw_open(w, 2);
		for (int i = 0; i < n; i++) fw_put_varint(w, (uint64_t)in[i].id);
		fw_close(w, operands);
	}
	fw_value first = {values};
	for (int i = 0; i < results_n; i++) {
		fw_put_shape(w, 3, results[i]);
		defined(results[i]);
	}
	for (const char *last = NULL;;) { // sorted by name
		const fw_attr *next = NULL;
		for (int i = 0; i < attrs_n; i++)
			if ((!last || before(last, attrs[i].name)) && (!next || before(attrs[i].name, next->name))) next = &attrs[i];
		if (!next) break;
		put_attr(w, next);
		last = next->name;
	}
	fw_put_string(w, 5, fw_base_name(file));
	fw_put_uint(w, 6, (uint64_t)line);
	fw_close(w, at);
	return results_n > 0 ? first : none;
}

fw_value fw_one(const char *op, const fw_value *in, int n, const fw_attr *attrs, int attrs_n, fw_shape result) {
	return fw_emit(op, in, n, attrs, attrs_n, &result, 1);
}

void fw_nothing(const char *op, const fw_value *in, int n, const fw_attr *attrs, int attrs_n) { fw_emit(op, in, n, attrs, attrs_n, NULL, 0); }

fw_attr fw_attr_int(const char *name, int64_t x) { return (fw_attr){.name = name, .kind = 1, .i = x}; }
fw_attr fw_attr_ints(const char *name, const int64_t *x, int n) { return (fw_attr){.name = name, .kind = 2, .list = x, .n = n}; }
fw_attr fw_attr_float(const char *name, double x) { return (fw_attr){.name = name, .kind = 3, .f = x}; }
fw_attr fw_attr_floats(const char *name, const double *x, int n) { return (fw_attr){.name = name, .kind = 4, .list = x, .n = n}; }
fw_attr fw_attr_string(const char *name, const char *x) { return (fw_attr){.name = name, .kind = 5, .list = x}; }
fw_attr fw_attr_shape(const char *name, fw_shape s) { return (fw_attr){.name = name, .kind = 6, .shape = s}; }
fw_attr fw_attr_bytes(const char *name, const uint8_t *x, int n) { return (fw_attr){.name = name, .kind = 7, .list = x, .n = n}; }

// ---- Inputs and outputs ----

static fw_value input(port *p, const char *name) {
	if (p->value < 0 && !fw_failed()) {
		size_t at = fw_open(&inputs, 2);
		fw_put_string(&inputs, 1, name);
		fw_put_shape(&inputs, 2, p->shape);
		fw_close(&inputs, at);
		p->value = defined(p->shape);
	}
	return (fw_value){p->value};
}

fw_value fw_input(const char *name) {
	for (int i = 0; i < ports_n; i++)
		if (fw_same(ports[i].name, name)) return input(&ports[i], name);
	fw_fail(fw_text("the view program gives no ", name, NULL));
	return (fw_value){-1};
}

fw_value fw_sample(void) {
	static port image;
	if (values == 0) image = (port){.name = "image", .shape = {.dtype = FW_IMAGE}, .value = -1};
	return input(&image, image.name);
}

void fw_output(const char *name, fw_value x) {
	if (x.id < 0 || x.id >= values) fw_fail(fw_text("output ", name, " is no value of this function", NULL));
	if (fw_failed()) return;
	if (outputs_n == MOST_OUTPUTS) fw_panic("a trace has too many outputs");
	outputs[outputs_n].name = name, outputs[outputs_n++].value = x.id;
}

int fw_index(void) { return view_index; }
int fw_batch(void) { return batch; }
bool fw_training(void) { return training; }
int fw_samples(void) { return samples; }
int fw_image_size(void) { return image_size; }
int fw_channels(void) { return channels; }

// ---- Other plugins ----

fw_value fw_call(const char *callee, const char *scope, const fw_value *in, int n) {
	fw_value none = {-1};
	if (n > 8) fw_fail("a call takes at most 8 operands");
	if (fw_failed()) return none;
	fw_shape result = {.dtype = fw_same(callee, "loss") ? FW_F32 : (fw_dtype)0};
	for (int i = 0; i < known_n; i++) {
		bool same = known[i].n == n && fw_same(known[i].callee, callee);
		for (int j = 0; j < n && same; j++) same = fw_equal(known[i].in[j], fw_shape_at(in[j]));
		if (same) result = known[i].out;
	}
	if (!result.dtype) {
		needs = true, need.callee = callee, need.n = n;
		for (int i = 0; i < n; i++) need.in[i] = fw_shape_at(in[i]);
		return none;
	}
	fw_attr attrs[] = {fw_attr_string("callee", callee), fw_attr_shape("shape", result), fw_attr_string("scope", scope)};
	return fw_one("call", in, n, attrs, *scope ? 3 : 2, result);
}

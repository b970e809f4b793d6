// Parameters: what is declared, what a request gives, and what is refused.
#include "inside.h"

enum { FLOAT, INT, BOOL, STRING, FLOATS, INTS };
static const char *const types[] = {"float", "int", "bool", "string", "floats", "ints"};
static const char *const words[] = {"a number", "an integer", "true or false", "a string", "a list of numbers", "a list of integers"};

struct fw_setting {
	const char *name, *doc;
	void *dst;
	fw_param_value def, now;
	fw_range range;
	const char *choices[16];
	int choices_n;
};

static fw_plugin *checked; // whose check runs
static const char *refused;

static void declare(fw_plugin *p, void *dst, const char *name, fw_param_value def, const char *doc, const fw_range *ranges, size_t n) {
	if (p->params_n == 64) fw_panic("a plugin has at most 64 parameters");
	fw_setting *s = p->params[p->params_n++] = fw_take_memory(sizeof *s);
	s->name = name, s->doc = doc, s->dst = dst, s->def = def;
	for (size_t i = 0; i < n; i++) {
		const fw_range *r = &ranges[i];
		if (r->has_min) s->range.has_min = true, s->range.min = r->min, s->range.min_open = r->min_open;
		if (r->has_max) s->range.has_max = true, s->range.max = r->max, s->range.max_open = r->max_open;
		if (r->choice && s->choices_n < 16) s->choices[s->choices_n++] = r->choice;
	}
}

void fw_declare_float(fw_plugin *p, double *dst, const char *name, double def, const char *doc, const fw_range *r, size_t n) {
	declare(p, dst, name, (fw_param_value){.type = FLOAT, .number = def}, doc, r, n);
}
void fw_declare_int(fw_plugin *p, int *dst, const char *name, int def, const char *doc, const fw_range *r, size_t n) {
	declare(p, dst, name, (fw_param_value){.type = INT, .integer = def}, doc, r, n);
}
void fw_declare_bool(fw_plugin *p, bool *dst, const char *name, bool def, const char *doc) {
	declare(p, dst, name, (fw_param_value){.type = BOOL, .integer = def}, doc, NULL, 0);
}
void fw_declare_string(fw_plugin *p, const char **dst, const char *name, const char *def, const char *doc, const fw_range *r, size_t n) {
	declare(p, dst, name, (fw_param_value){.type = STRING, .text = def}, doc, r, n);
}
void fw_declare_floats(fw_plugin *p, fw_floats *dst, const char *name, fw_floats def, const char *doc, const fw_range *r, size_t n) {
	declare(p, dst, name, (fw_param_value){.type = FLOATS, .numbers = def}, doc, r, n);
}
void fw_declare_ints(fw_plugin *p, fw_ints *dst, const char *name, fw_ints def, const char *doc, const fw_range *r, size_t n) {
	declare(p, dst, name, (fw_param_value){.type = INTS, .integers = def}, doc, r, n);
}

static fw_setting *declared(fw_plugin *p, const char *name) {
	for (int i = 0; i < p->params_n; i++)
		if (fw_same(p->params[i]->name, name)) return p->params[i];
	return NULL;
}

void fw_ordered(fw_plugin *p, const char *low, const char *high) {
	fw_setting *a = declared(p, low), *b = declared(p, high);
	if (!a || !b || p->ordered_n == 8) fw_panic("fw_ordered needs two declared parameters");
	p->ordered[p->ordered_n][0] = a, p->ordered[p->ordered_n++][1] = b;
}

void fw_check(fw_plugin *p, void (*check)(void)) { p->check = check; }

void fw_refuse(const char *param, const char *why) {
	if (!refused) refused = fw_text(checked->id, ": parameter ", param, ": ", why, NULL);
}

const char *fw_refusal(void) { return refused; }

static void put_value(fw_writer *w, int field, const fw_param_value *v) {
	size_t at = fw_open(w, field);
	fw_put_string(w, 1, types[v->type]);
	fw_put_double(w, 2, v->number);
	fw_put_sint(w, 3, v->integer);
	fw_put_string(w, 4, v->text);
	fw_put_doubles(w, 5, v->numbers.at, (size_t)v->numbers.n);
	fw_put_ints(w, 6, v->integers.at, (size_t)v->integers.n);
	fw_close(w, at);
}

void fw_describe(fw_writer *w, const fw_plugin *p) {
	const char *texts[] = {p->id, p->kind, p->version, p->doc};
	for (int i = 0; i < 4; i++) fw_put_string(w, 1 + i, texts[i]);
	for (int i = 0; i < p->params_n; i++) {
		const fw_setting *s = p->params[i];
		size_t at = fw_open(w, 5);
		fw_put_string(w, 1, s->name);
		fw_put_string(w, 2, types[s->def.type]);
		put_value(w, 3, &s->def);
		fw_put_uint(w, 4, s->range.has_min);
		fw_put_uint(w, 5, s->range.has_max);
		fw_put_double(w, 6, s->range.min);
		fw_put_double(w, 7, s->range.max);
		fw_put_uint(w, 8, s->range.min_open);
		fw_put_uint(w, 9, s->range.max_open);
		for (int j = 0; j < s->choices_n; j++) fw_put_string(w, 10, s->choices[j]);
		fw_put_string(w, 11, s->doc);
		fw_close(w, at);
	}
	const char *more[] = {p->signature, p->loss, p->crop, p->augment, p->style};
	for (int i = 0; i < 5; i++) fw_put_string(w, 6 + i, more[i]);
}

static const char *range_words(const fw_setting *s) {
	const fw_range *r = &s->range;
	if (r->has_min && r->has_max) return fw_text(" in ", r->min_open ? "(" : "[", fw_number(r->min), ", ", fw_number(r->max), r->max_open ? ")" : "]", NULL);
	if (r->has_min) return fw_text(r->min_open ? " above " : " of at least ", fw_number(r->min), NULL);
	if (r->has_max) return fw_text(r->max_open ? " below " : " of at most ", fw_number(r->max), NULL);
	return "";
}

static const char *expected(const fw_setting *s) {
	if (s->choices_n == 0) return fw_text(words[s->def.type], range_words(s), NULL);
	const char *list = fw_text("one of ", s->choices[0], NULL);
	for (int i = 1; i < s->choices_n; i++) list = fw_text(list, ", ", s->choices[i], NULL);
	return list;
}

// written is a number as TOML writes it.
static const char *written(double x) { return x == (double)(int64_t)x && x - x == 0 && x < 1e15 && x > -1e15 ? fw_text(fw_number(x), ".0", NULL) : fw_number(x); }

static const char *found(const fw_param_value *v) {
	switch (v->type) {
	case FLOAT: return written(v->number);
	case INT: return fw_number((double)v->integer);
	case BOOL: return v->integer ? "true" : "false";
	case STRING: return fw_text("\"", v->text, "\"", NULL);
	case FLOATS: case INTS: return fw_text("a list of ", fw_number(v->type == INTS ? v->integers.n : v->numbers.n), NULL);
	}
	return "nothing";
}

static bool in_range(const fw_range *r, double x) {
	if (x - x != 0) return false;
	if (r->has_min && (x < r->min || (r->min_open && x == r->min))) return false;
	return !(r->has_max && (x > r->max || (r->max_open && x == r->max)));
}

static bool within(const fw_setting *s, const fw_param_value *v) {
	bool ok = true;
	switch (v->type) {
	case FLOAT: return in_range(&s->range, v->number);
	case INT: return in_range(&s->range, (double)v->integer);
	case STRING:
		for (int i = 0; i < s->choices_n; i++)
			if (fw_same(s->choices[i], v->text)) return true;
		return s->choices_n == 0;
	case FLOATS:
		for (int i = 0; i < v->numbers.n; i++) ok = ok && in_range(&s->range, v->numbers.at[i]);
		break;
	case INTS:
		for (int i = 0; i < v->integers.n; i++) ok = ok && in_range(&s->range, (double)v->integers.at[i]);
	}
	return ok;
}

// widened accepts an integer where a number is expected.
static fw_param_value widened(const fw_setting *s, fw_param_value v) {
	if (s->def.type == FLOAT && v.type == INT) return (fw_param_value){.type = FLOAT, .number = (double)v.integer};
	if (s->def.type != FLOATS || v.type != INTS) return v;
	double *x = fw_take_memory(8 * (size_t)v.integers.n);
	for (int i = 0; i < v.integers.n; i++) x[i] = (double)v.integers.at[i];
	return (fw_param_value){.type = FLOATS, .numbers = {x, v.integers.n}};
}

static void set(fw_setting *s) {
	const fw_param_value *v = &s->now;
	switch (s->def.type) {
	case FLOAT: *(double *)s->dst = v->number; break;
	case INT: *(int *)s->dst = (int)v->integer; break;
	case BOOL: *(bool *)s->dst = v->integer != 0; break;
	case STRING: *(const char **)s->dst = v->text; break;
	case FLOATS: *(fw_floats *)s->dst = v->numbers; break;
	case INTS: *(fw_ints *)s->dst = v->integers; break;
	}
}

void fw_params_begin(fw_plugin *p) {
	checked = p, refused = NULL;
	for (int i = 0; i < p->params_n; i++) p->params[i]->now = p->params[i]->def;
}

static fw_param_value get_value(fw_reader *r) {
	fw_param_value v = {.type = -1, .text = ""};
	fw_list numbers = {0}, integers = {0};
	fw_reader in = fw_inner(r);
	while (fw_next(&in)) switch (in.field) {
		case 1: {
			const char *type = fw_get_string(&in);
			for (int i = 0; i < FW_N(types); i++) if (fw_same(type, types[i])) v.type = i;
			break;
		}
		case 2: v.number = fw_get_double(&in); break;
		case 3: v.integer = fw_get_sint(&in); break;
		case 4: v.text = fw_get_string(&in); break;
		case 5: fw_get_list(&in, FW_64, &numbers, 8, false); break;
		case 6: fw_get_list(&in, FW_VARINT, &integers, 8, true); break;
	}
	if (in.error && !r->error) r->error = in.error;
	v.numbers = (fw_floats){numbers.at, (int)numbers.n}, v.integers = (fw_ints){integers.at, (int)integers.n};
	return v;
}

const char *fw_params_read(fw_plugin *p, fw_reader *r) {
	const char *name = "";
	fw_param_value v = {.type = -1};
	fw_reader in = fw_inner(r);
	while (fw_next(&in)) {
		if (in.field == 1) name = fw_get_string(&in);
		if (in.field == 2) v = get_value(&in);
	}
	if (in.error) return in.error;
	fw_setting *s = declared(p, name);
	if (!s) return fw_text(p->id, ": unknown parameter \"", name, "\"", NULL);
	v = widened(s, v);
	if (v.type != s->def.type || !within(s, &v)) fw_refuse(name, fw_text("expected ", expected(s), ", found ", found(&v), NULL));
	s->now = v;
	return refused;
}

const char *fw_params_end(fw_plugin *p) {
	for (int i = 0; i < p->ordered_n; i++) {
		fw_setting *low = p->ordered[i][0], *high = p->ordered[i][1];
		if (low->now.number > high->now.number)
			fw_refuse(low->name, fw_text("expected at most ", high->name, ", which is ", written(high->now.number), ", found ", written(low->now.number), NULL));
	}
	for (int i = 0; i < p->params_n && !refused; i++) set(p->params[i]);
	if (p->check && !refused) p->check();
	return refused;
}

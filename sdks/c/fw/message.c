// Messages: fields of the subset of proto3 that docs/abi.md lays down.
#include "inside.h"

NOINLINE static uint8_t *make_room(fw_writer *w, size_t n) {
	if (w->n + n > w->cap) {
		size_t cap = w->cap * 2 > w->n + n ? w->cap * 2 : w->n + n + 256;
		uint8_t *p = fw_take_memory(cap);
		__builtin_memcpy(p, w->p, w->n);
		w->p = p, w->cap = cap;
	}
	w->n += n;
	return w->p + w->n - n;
}

void fw_put_byte(fw_writer *w, uint8_t x) { *make_room(w, 1) = x; }

void fw_put_raw(fw_writer *w, const void *p, size_t n) { __builtin_memcpy(make_room(w, n), p, n); }

NOINLINE void fw_put_varint(fw_writer *w, uint64_t x) {
	for (; x >= 0x80; x >>= 7) fw_put_byte(w, (uint8_t)x | 0x80);
	fw_put_byte(w, (uint8_t)x);
}

void fw_put_tag(fw_writer *w, int field, int type) { fw_put_varint(w, (uint64_t)(field << 3 | type)); }

uint64_t fw_zigzag(int64_t x) { return (uint64_t)x << 1 ^ (uint64_t)(x >> 63); }

NOINLINE void fw_put_uint(fw_writer *w, int field, uint64_t x) {
	if (x == 0) return;
	fw_put_tag(w, field, FW_VARINT);
	fw_put_varint(w, x);
}

void fw_put_sint(fw_writer *w, int field, int64_t x) { fw_put_uint(w, field, fw_zigzag(x)); }

NOINLINE void fw_put_double(fw_writer *w, int field, double x) {
	uint64_t bits;
	__builtin_memcpy(&bits, &x, 8);
	if (bits == 0) return;
	fw_put_tag(w, field, FW_64);
	fw_put_raw(w, &x, 8);
}

NOINLINE void fw_put_bytes(fw_writer *w, int field, const void *p, size_t n) {
	if (n == 0) return;
	fw_put_tag(w, field, FW_BYTES);
	fw_put_varint(w, n);
	fw_put_raw(w, p, n);
}

void fw_put_string(fw_writer *w, int field, const char *s) {
	if (s) fw_put_bytes(w, field, s, __builtin_strlen(s));
}

void fw_put_doubles(fw_writer *w, int field, const double *x, size_t n) { fw_put_bytes(w, field, x, 8 * n); }

void fw_put_ints(fw_writer *w, int field, const int64_t *x, size_t n) {
	if (n == 0) return;
	size_t at = fw_open(w, field);
	for (size_t i = 0; i < n; i++) fw_put_varint(w, fw_zigzag(x[i]));
	fw_close(w, at);
}

NOINLINE size_t fw_open(fw_writer *w, int field) {
	fw_put_tag(w, field, FW_BYTES);
	return w->n;
}

NOINLINE void fw_close(fw_writer *w, size_t at) { // puts the length before what was written since
	size_t n = w->n - at, size = 1;
	for (size_t x = n; x >= 0x80; x >>= 7) size++;
	make_room(w, size);
	__builtin_memmove(w->p + at + size, w->p + at, n);
	w->n = at;
	fw_put_varint(w, n);
	w->n += n;
}

NOINLINE void fw_put_shape(fw_writer *w, int field, fw_shape s) {
	size_t at = fw_open(w, field);
	fw_put_string(w, 1, fw_dtypes[s.dtype]);
	if (s.rank > 0) {
		size_t dims = fw_open(w, 2);
		for (int i = 0; i < s.rank; i++) fw_put_varint(w, (uint64_t)s.dims[i]);
		fw_close(w, dims);
	}
	fw_close(w, at);
}

fw_reader fw_read(const uint8_t *p, size_t n) { return (fw_reader){.p = p, .end = p + n}; }

NOINLINE fw_reader fw_inner(const fw_reader *r) {
	fw_reader in = fw_read(r->data, r->type == FW_BYTES ? r->n : 0);
	in.error = r->error ? r->error : r->type == FW_BYTES ? NULL : "wire: expected a nested message";
	return in;
}

static void broken(fw_reader *r, const char *why) {
	if (!r->error) r->error = why;
	r->p = r->end;
}

NOINLINE uint64_t fw_get_varint(fw_reader *r) {
	uint64_t x = 0;
	for (int shift = 0; shift < 64; shift += 7) {
		if (r->p == r->end) {
			broken(r, "wire: message ends in the middle of a field");
			return 0;
		}
		uint8_t c = *r->p++;
		if (shift == 63 && c > 1) break;
		x |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) return x;
	}
	broken(r, "wire: varint is longer than 64 bits");
	return 0;
}

static uint64_t fixed(fw_reader *r, size_t n) {
	uint64_t x = 0;
	if ((size_t)(r->end - r->p) < n) broken(r, "wire: message ends in the middle of a field");
	else __builtin_memcpy(&x, r->p, n), r->p += n;
	return x;
}

NOINLINE bool fw_next(fw_reader *r) {
	if (r->error || r->p == r->end) return false;
	uint64_t tag = fw_get_varint(r);
	if (!r->error && (tag >> 3 == 0 || tag >> 3 >= 1 << 29)) broken(r, "wire: field number is out of range");
	r->field = (int)(tag >> 3), r->type = (int)(tag & 7), r->value = 0, r->data = NULL, r->n = 0;
	switch (r->type) {
	case FW_VARINT: r->value = fw_get_varint(r); break;
	case FW_64: r->value = fixed(r, 8); break;
	case FW_32: r->value = fixed(r, 4); break;
	case FW_BYTES: {
		uint64_t n = fw_get_varint(r);
		if (n > (uint64_t)(r->end - r->p)) broken(r, "wire: message ends in the middle of a field");
		else r->data = r->p, r->n = (size_t)n, r->p += n;
		break;
	}
	default: broken(r, "wire: unknown wire type");
	}
	return !r->error;
}

static bool want(fw_reader *r, int type) {
	if (r->type != type) broken(r, "wire: a field of another wire type than expected");
	return r->type == type;
}

uint64_t fw_get_uint(fw_reader *r) { return want(r, FW_VARINT) ? r->value : 0; }

int64_t fw_get_sint(fw_reader *r) {
	uint64_t x = fw_get_uint(r);
	return (int64_t)(x >> 1) ^ -(int64_t)(x & 1);
}

double fw_get_double(fw_reader *r) {
	double x = 0;
	if (want(r, FW_64)) __builtin_memcpy(&x, &r->value, 8);
	return x;
}

// utf8 tells whether text is well-formed: no overlong forms, surrogates or zero bytes.
static bool utf8(const uint8_t *p, size_t n) {
	for (size_t i = 0; i < n;) {
		uint8_t c = p[i];
		size_t more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80, high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
		if (c == 0 || (c >= 0x80 && c < 0xc2) || c > 0xf4 || n - i <= more) return false;
		for (size_t j = 1; j <= more; j++, low = 0x80, high = 0xbf)
			if (p[i + j] < low || p[i + j] > high) return false;
		i += more + 1;
	}
	return true;
}

NOINLINE const char *fw_get_string(fw_reader *r) {
	if (!want(r, FW_BYTES)) return "";
	if (!utf8(r->data, r->n)) broken(r, "wire: text is not valid UTF-8");
	char *s = fw_take_memory(r->n + 1);
	__builtin_memcpy(s, r->data, r->n);
	return s;
}

NOINLINE fw_shape fw_get_shape(fw_reader *r) {
	fw_shape s = {0};
	fw_reader in = fw_inner(r);
	while (fw_next(&in)) {
		if (in.field == 1) {
			if (!(s.dtype = fw_dtype_named(fw_get_string(&in)))) broken(&in, "wire: unknown element type");
		} else if (in.field == 2) {
			fw_list dims = {0};
			fw_get_list(&in, FW_VARINT, &dims, 8, false);
			for (size_t i = 0; i < dims.n; i++) {
				int64_t d = ((int64_t *)dims.at)[i];
				if (s.rank == 8 || d < 0 || d > (int64_t)1 << 34) broken(&in, "wire: shape is out of range");
				else s.dims[s.rank++] = d;
			}
		}
	}
	if (in.error) broken(r, in.error);
	return s;
}

void fw_get_list(fw_reader *r, int type, fw_list *to, size_t size, bool zigzag) {
	bool packed = r->type == FW_BYTES;
	if (!packed && !want(r, type)) return;
	size_t most = packed ? type == FW_VARINT ? r->n : r->n / (type == FW_64 ? 8 : 4) : 1;
	if (to->n + most > to->cap) {
		size_t cap = to->n + most + (packed ? 0 : to->n + 8);
		void *p = fw_take_memory(cap * size);
		__builtin_memcpy(p, to->at, to->n * size);
		to->at = p, to->cap = cap;
	}
	if (packed && type != FW_VARINT) { // as they lie there
		if (r->n % size) broken(r, "wire: message ends in the middle of a field");
		else __builtin_memcpy((uint8_t *)to->at + to->n * size, r->data, r->n), to->n += most;
		return;
	}
	fw_reader in = fw_read(r->data, packed ? r->n : 0);
	while (!in.error && (!packed || in.p != in.end)) {
		uint64_t x = r->value;
		if (packed) { // of one or two bytes without a call for each
			if (*in.p < 0x80) x = *in.p++;
			else if (in.end - in.p > 1 && in.p[1] < 0x80) x = (uint64_t)(in.p[0] & 0x7f) | (uint64_t)in.p[1] << 7, in.p += 2;
			else x = fw_get_varint(&in);
		}
		if (in.error) break;
		if (zigzag) x = (x >> 1) ^ -(x & 1);
		if (size == 4) ((uint32_t *)to->at)[to->n++] = x > UINT32_MAX ? UINT32_MAX : (uint32_t)x;
		else ((uint64_t *)to->at)[to->n++] = x;
		if (!packed) return;
	}
	if (in.error) broken(r, in.error);
}

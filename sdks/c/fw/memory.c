// One call's memory is taken from the end of a heap that only grows, and is given
// back as a whole when the next request comes.
#include <stdarg.h>
#include "inside.h"

extern uint8_t __heap_base;
static uintptr_t kept, next;

__attribute__((import_module("fw"), import_name("log"))) void fw_host_log(int level, const char *text, int n);

void *memset(void *to, int x, size_t n) {
	uint8_t *p = to;
	for (size_t i = 0; i < n; i++) p[i] = (uint8_t)x;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
	uint8_t *p = to;
	const uint8_t *q = from;
	for (size_t i = 0; i < n; i++) p[i] = q[i];
	return to;
}

void *memmove(void *to, const void *from, size_t n) {
	uint8_t *p = to;
	const uint8_t *q = from;
	if (p <= q) return memcpy(to, from, n);
	while (n-- > 0) p[n] = q[n];
	return to;
}

size_t strlen(const char *s) {
	size_t n = 0;
	while (s[n]) n++;
	return n;
}

static void *take(size_t n) {
	if (!next) next = kept = ((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7;
	size_t size = __builtin_wasm_memory_size(0) << 16;
	if (n > (size_t)1 << 30) return NULL;
	size_t end = next + ((n + 7) & ~(size_t)7);
	if (end > size && __builtin_wasm_memory_grow(0, (end - size + 65535) >> 16) == (size_t)-1) return NULL;
	void *p = (void *)next;
	next = end;
	return p;
}

NOINLINE void *fw_take_memory(size_t n) {
	void *p = take(n);
	if (!p) fw_panic("out of memory");
	return __builtin_memset(p, 0, n);
}

uint8_t *fw_begin_request(size_t n) {
	if (next) next = kept;
	return take(n);
}

void fw_keep_memory(void) { kept = next; }

void fw_log_text(const char *text) { fw_host_log(2, text, (int)strlen(text)); }

NOINLINE bool fw_same(const char *a, const char *b) {
	while (*a && *a == *b) a++, b++;
	return *a == *b;
}

NOINLINE const char *fw_text(const char *first, ...) {
	va_list list;
	size_t n = 1;
	va_start(list, first);
	for (const char *s = first; s; s = va_arg(list, const char *)) n += strlen(s);
	va_end(list);
	char *text = fw_take_memory(n), *at = text;
	va_start(list, first);
	for (const char *s = first; s; s = va_arg(list, const char *)) {
		memcpy(at, s, strlen(s));
		at += strlen(s);
	}
	va_end(list);
	return text;
}

static const char *digits(uint64_t x) {
	char *s = (char *)fw_take_memory(24) + 23;
	do *--s = (char)('0' + x % 10); while (x /= 10);
	return s;
}

// fw_number writes x with at most nine digits after the point.
NOINLINE const char *fw_number(double x) {
	if (x != x) return "nan";
	if (x < 0) return fw_text("-", fw_number(-x), NULL);
	if (x > 1.7976931348623157e308) return "inf";
	if (x != 0 && (x >= 1e15 || x < 1e-6)) { // m e n
		int n = 0;
		for (; x >= 10; n++) x /= 10;
		for (; x < 1; n--) x *= 10;
		return fw_text(fw_number(x), n < 0 ? "e-" : "e+", digits((uint64_t)(n < 0 ? -n : n)), NULL);
	}
	uint64_t whole = (uint64_t)x, rest = (uint64_t)((x - (double)whole) * 1e9 + 0.5);
	if (rest == 1000000000) whole++, rest = 0;
	if (rest == 0) return digits(whole);
	char fraction[10] = {0};
	for (int i = 8; i >= 0; i--, rest /= 10) fraction[i] = (char)('0' + rest % 10);
	for (int i = 8; fraction[i] == '0'; i--) fraction[i] = 0;
	return fw_text(digits(whole), ".", fraction, NULL);
}

const char *fw_base_name(const char *file) {
	const char *base = file;
	for (; *file; file++)
		if (*file == '/' || *file == '\\') base = file + 1;
	return base;
}

NOINLINE void fw_panic_at(const char *file, int line, const char *text) {
	static bool again; // out of memory while saying so
	if (!again) {
		again = true;
		fw_log_text(fw_text(fw_base_name(file), ":", digits((uint64_t)line), ": ", text, NULL));
	}
	__builtin_trap();
}

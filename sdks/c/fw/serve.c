// The exports of the module: docs/abi.md.
#include "inside.h"

#define EXPORT(name) __attribute__((export_name(name)))

static fw_plugin *plugins[16];
static int plugins_n;
static uint8_t *request;

fw_plugin *fw_new_plugin(const char *kind, const char *id, const char *version, const char *style) {
	if (plugins_n == 16) fw_panic("a module has at most 16 plugins");
	fw_plugin *p = plugins[plugins_n++] = fw_take_memory(sizeof *p);
	p->kind = kind, p->id = id, p->version = version, p->style = style;
	return p;
}

void fw_doc(fw_plugin *p, const char *doc) { p->doc = doc; }

EXPORT("fw_abi_v1") void fw_marker(void) {}

EXPORT("fw_alloc") uint8_t *fw_alloc(int n) {
	static bool declared;
	if (!declared) {
		declared = true;
		fw_main();
		fw_keep_memory();
	}
	return request = n < 0 ? NULL : fw_begin_request((size_t)n);
}

static const char *describe(fw_writer *w) {
	fw_put_uint(w, 1, 1); // the ABI
	fw_put_uint(w, 2, 1); // of programs
	for (int i = 0; i < plugins_n; i++) {
		size_t at = fw_open(w, 3);
		fw_describe(w, plugins[i]);
		fw_close(w, at);
	}
	return NULL;
}

// answer has the plugin of the request's first field answer.
static const char *answer(bool trace, fw_reader r, fw_writer *w) {
	fw_reader first = r;
	const char *id = fw_next(&first) && first.field == 1 ? fw_get_string(&first) : "";
	if (first.error) return first.error;
	for (int i = 0; i < plugins_n; i++) {
		fw_plugin *p = plugins[i];
		if (!fw_same(p->id, id)) continue;
		if (trace) return p->traces ? p->traces(p, first, w) : fw_text(id, " traces nothing", NULL);
		return p->crops ? p->crops(p, first, w) : fw_text(id, " is no crop", NULL);
	}
	return fw_text("no plugin \"", id, "\" here", NULL);
}

EXPORT("fw_call") uint64_t fw_answer(int method, const uint8_t *at, int n) {
	fw_writer w = {0};
	fw_put_byte(&w, 0);
	fw_reader r = fw_read(at, (size_t)n);
	const char *error;
	switch (method) {
	case 1: error = describe(&w); break;
	case 2: error = answer(true, r, &w); break;
	case 3: error = answer(false, r, &w); break;
	case 4: error = "this module evaluates nothing"; break;
	default: error = "unknown method"; break;
	}
	if (error) {
		w.n = 0;
		fw_put_byte(&w, 1);
		fw_put_raw(&w, error, __builtin_strlen(error));
	}
	return (uint64_t)(uintptr_t)w.p << 32 | w.n;
}

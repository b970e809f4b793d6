// Losses, pretext tasks and augmentations: a request for a trace, and its reply. It goes
// on from trace.c.
#include "inside.h"

// What each signature of losses calls its inputs.
static const char *const signatures[][4] = {
	{"contrast", "z1", "z2"}, {"lookup", "queries", "keys", "negatives"}, {"instance", "features", "bank", "instances"},
	{"group", "embeddings", "groups"}, {"classify", "logits", "labels"}, {"match", "logits", "targets"},
	{"predict", "prediction", "target"}, {"distill", "student", "teacher"}, {"reconstruct", "prediction", "target", "mask"},
	{"unmask", "logits", "tokens", "mask"},
};

static void trace_loss(void) {
	const char *const *names = NULL;
	for (int i = 0; i < FW_N(signatures); i++)
		if (fw_same(signatures[i][0], traced->signature)) names = signatures[i] + 1;
	int n = names ? names[2] ? 3 : 2 : 0;
	if (n != ports_n) {
		fw_fail(fw_text("a loss of signature ", traced->signature, " takes ", fw_number(n), " inputs, found ", fw_number(ports_n), NULL));
		return;
	}
	fw_value in[3];
	for (int i = 0; i < n; i++) in[i] = input(&ports[i], names[i]);
	fw_output("loss", traced->loss_of(in));
}

static void trace_function(void) {
	if (traced->loss_of) {
		trace_loss();
	} else if (traced->picture) {
		if (ports_n != 1) fw_fail("an augmentation takes one picture");
		else fw_output("image", traced->picture(input(&ports[0], "image")));
	} else if (traced->stage) {
		if (ports_n != 1) fw_fail(fw_text("a stage takes one input, found ", fw_number(ports_n), NULL));
		else fw_output("y", traced->stage(function, input(&ports[0], "x")));
	} else if (fw_same(function, "views")) {
		fw_image();
		traced->views();
	} else if (fw_same(function, "objective")) {
		if (batch < 1) fw_fail(fw_text("expected a batch of 1 image or more, found ", fw_number(batch), NULL));
		for (int i = 0; i < ports_n; i++) input(&ports[i], ports[i].name);
		if (!fw_failed()) fw_output("loss", traced->objective());
	} else {
		fw_fail(fw_text("a pretext task has no function \"", function, "\"", NULL));
	}
}

static port get_port(fw_reader *r) {
	port p = {.name = "", .value = -1};
	fw_reader in = fw_inner(r);
	while (fw_next(&in)) {
		if (in.field == 1) p.name = fw_get_string(&in);
		if (in.field == 2) p.shape = fw_get_shape(&in);
	}
	if (in.error && !r->error) r->error = in.error;
	return p;
}

static signature get_signature(fw_reader *r) {
	signature s = {.callee = ""};
	fw_reader in = fw_inner(r);
	while (fw_next(&in)) {
		if (in.field == 1) s.callee = fw_get_string(&in);
		if (in.field == 2 && s.n < 8) s.in[s.n++] = fw_get_shape(&in);
		if (in.field == 3) s.out = fw_get_shape(&in);
	}
	if (in.error && !r->error) r->error = in.error;
	return s;
}

static const char *begin(fw_plugin *p, fw_reader r) {
	values = outputs_n = ports_n = known_n = view_index = samples = channels = image_size = batch = line = 0;
	fw_view_crops = fw_view_augments = fw_view_count = 0;
	training = false, fw_norm_groups = 0;
	inputs = instructions = (fw_writer){0};
	mistake = NULL, needs = false, traced = p, function = file = "";
	shapes = NULL, room = 0;
	outputs = fw_take_memory(MOST_OUTPUTS * sizeof *outputs);
	ports = fw_take_memory(64 * sizeof *ports);
	known = fw_take_memory(64 * sizeof *known);
	fw_params_begin(p);
	while (fw_next(&r)) switch (r.field) {
		case 2: function = fw_get_string(&r); break;
		case 3: {
			const char *error = fw_params_read(traced, &r);
			if (error) return error;
			break;
		}
		case 4: if (ports_n < 64) ports[ports_n++] = get_port(&r); break;
		case 5: if (known_n < 64) known[known_n++] = get_signature(&r); break;
		case 6: training = fw_get_uint(&r) != 0; break;
		case 7: view_index = (int)fw_get_uint(&r); break;
		case 8: samples = (int)fw_get_uint(&r); break;
		case 9: channels = (int)fw_get_uint(&r); break;
		case 10: image_size = (int)fw_get_uint(&r); break;
		case 11: batch = (int)fw_get_uint(&r); break;
		case 12: fw_norm_groups = (int)fw_get_uint(&r); break;
	}
	return r.error ? r.error : fw_params_end(traced);
}

static void put_need(fw_writer *w) {
	size_t at = fw_open(w, 2);
	fw_put_string(w, 1, need.callee);
	for (int i = 0; i < need.n; i++) fw_put_shape(w, 2, need.in[i]);
	fw_close(w, at);
}

static void put_program(fw_writer *w) {
	size_t program = fw_open(w, 1);
	fw_put_uint(w, 1, 1); // version
	size_t at = fw_open(w, 2);
	fw_put_string(w, 1, function);
	fw_put_raw(w, inputs.p, inputs.n);
	fw_put_raw(w, instructions.p, instructions.n);
	for (int i = 0; i < outputs_n; i++) {
		size_t output = fw_open(w, 4);
		fw_put_string(w, 1, outputs[i].name);
		fw_put_uint(w, 2, (uint64_t)outputs[i].value);
		fw_close(w, output);
	}
	fw_close(w, at);
	fw_close(w, program);
}

static const char *answer_trace(fw_plugin *p, fw_reader r, fw_writer *reply) {
	const char *error = begin(p, r);
	if (error) return error;
	trace_function();
	if (fw_refusal()) return fw_refusal();
	if (mistake) return mistake;
	if (needs) put_need(reply);
	else put_program(reply);
	return NULL;
}

// ---- The plugins ----

fw_plugin *fw_loss(const char *id, const char *version, const char *sig, fw_loss_function loss) {
	fw_plugin *p = fw_new_plugin("loss", id, version, "trace");
	p->signature = sig, p->loss_of = loss;
	p->traces = answer_trace;
	return p;
}

fw_plugin *fw_pretext(const char *id, const char *version, const char *sig, void (*views)(void), fw_value (*objective)(void)) {
	fw_plugin *p = fw_new_plugin("pretext", id, version, "trace");
	p->signature = sig, p->views = views, p->objective = objective;
	p->traces = answer_trace;
	return p;
}

void fw_defaults(fw_plugin *p, const char *loss, const char *crop, const char *augment) { p->loss = loss, p->crop = crop, p->augment = augment; }

fw_plugin *fw_augment(const char *id, const char *version, fw_value (*augment)(fw_value)) {
	fw_plugin *p = fw_new_plugin("augment", id, version, "trace");
	p->picture = augment;
	p->traces = answer_trace;
	return p;
}

fw_plugin *fw_network(const char *id, const char *version, fw_value (*stage)(const char *, fw_value)) {
	fw_plugin *p = fw_new_plugin("backbone", id, version, "trace");
	p->stage = stage, p->traces = answer_trace;
	return p;
}

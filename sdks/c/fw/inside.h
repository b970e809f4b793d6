// inside.h: what the files of the SDK share. Plugins include fw.h.
#ifndef FW_INSIDE_H
#define FW_INSIDE_H
#define FW_INSIDE
#include "fw.h"

// What is called from many places stays one function: modules are small.
#define NOINLINE __attribute__((noinline))

// ---- memory.c: one call's memory, given back as a whole at the next request ----

void *fw_take_memory(size_t n);             // 8-byte aligned, zeroed
uint8_t *fw_begin_request(size_t n);        // forgets the last call's memory; NULL if there is no room
void fw_keep_memory(void);                  // what was taken so far stays
void fw_log_text(const char *text);         // to the host
const char *fw_base_name(const char *file);

// ---- message.c: the subset of proto3 that docs/abi.md lays down ----

typedef struct { uint8_t *p; size_t n, cap; } fw_writer;

void fw_put_byte(fw_writer *w, uint8_t x);
void fw_put_raw(fw_writer *w, const void *p, size_t n);
void fw_put_varint(fw_writer *w, uint64_t x);
void fw_put_tag(fw_writer *w, int field, int type);
void fw_put_uint(fw_writer *w, int field, uint64_t x); // zero values are left out
void fw_put_sint(fw_writer *w, int field, int64_t x);
void fw_put_double(fw_writer *w, int field, double x);
void fw_put_string(fw_writer *w, int field, const char *s);
void fw_put_bytes(fw_writer *w, int field, const void *p, size_t n);
void fw_put_shape(fw_writer *w, int field, fw_shape s);
void fw_put_ints(fw_writer *w, int field, const int64_t *x, size_t n);
void fw_put_doubles(fw_writer *w, int field, const double *x, size_t n);
size_t fw_open(fw_writer *w, int field);    // starts a nested message
void fw_close(fw_writer *w, size_t at);
uint64_t fw_zigzag(int64_t x);

enum { FW_VARINT = 0, FW_64 = 1, FW_BYTES = 2, FW_32 = 5 };

typedef struct {
	const uint8_t *p, *end;
	const char *error; // the first one
	int field, type;
	uint64_t value;        // of a scalar
	const uint8_t *data;   // of a length-delimited field
	size_t n;
} fw_reader;

fw_reader fw_read(const uint8_t *p, size_t n);
fw_reader fw_inner(const fw_reader *r);
bool fw_next(fw_reader *r);
uint64_t fw_get_varint(fw_reader *r);
uint64_t fw_get_uint(fw_reader *r);
int64_t fw_get_sint(fw_reader *r);
double fw_get_double(fw_reader *r);
const char *fw_get_string(fw_reader *r);
fw_shape fw_get_shape(fw_reader *r);
// fw_get_list appends the scalars of a repeated field, packed or not, to a list of
// elements of size bytes, made with room for all that the field can hold.
typedef struct { void *at; size_t n, cap; } fw_list;
void fw_get_list(fw_reader *r, int type, fw_list *to, size_t size, bool zigzag);

// ---- param.c ----

typedef struct { int type; double number; int64_t integer; const char *text; fw_floats numbers; fw_ints integers; } fw_param_value;
typedef struct fw_setting fw_setting;

struct fw_plugin {
	const char *id, *kind, *version, *doc, *signature, *style, *loss, *crop, *augment;
	fw_setting *params[64];
	int params_n;
	fw_setting *ordered[8][2];
	int ordered_n;
	void (*check)(void);
	// What the plugin answers, so that a module links nothing else; NULL, or the text of an error.
	const char *(*crops)(fw_plugin *, fw_reader, fw_writer *reply), *(*traces)(fw_plugin *, fw_reader, fw_writer *reply);
	fw_cropper cropper;
	fw_loss_function loss_of;
	void (*views)(void);
	fw_value (*objective)(void);
	fw_value (*picture)(fw_value);
	fw_value (*stage)(const char *, fw_value);
};

void fw_describe(fw_writer *w, const fw_plugin *p);
// Parameters of a request: begin, read each, end. The reply to a refused one is its text, else NULL.
void fw_params_begin(fw_plugin *p);
const char *fw_params_read(fw_plugin *p, fw_reader *param);
const char *fw_params_end(fw_plugin *p);
const char *fw_refusal(void);

// ---- serve.c ----

fw_plugin *fw_new_plugin(const char *kind, const char *id, const char *version, const char *style);

// ---- trace.c ----

extern const char *const fw_dtypes[];
size_t fw_dtype_size(fw_dtype d);
fw_dtype fw_dtype_named(const char *name);
fw_shape fw_shape_at(fw_value x);
int fw_axis(fw_value x, int axis);
bool fw_equal(fw_shape a, fw_shape b);
bool fw_same_dims(fw_shape a, fw_shape b);
const char *fw_show(fw_shape s);            // f32[2,3]
fw_value fw_one(const char *op, const fw_value *in, int n, const fw_attr *attrs, int attrs_n, fw_shape result);
void fw_nothing(const char *op, const fw_value *in, int n, const fw_attr *attrs, int attrs_n);
void fw_output(const char *name, fw_value x);
fw_value fw_input(const char *name);        // of the request; an error where there is none
fw_value fw_sample(void);                   // the image of a view program
extern int fw_view_crops, fw_view_augments, fw_view_count;
extern int fw_norm_groups;                  // parts of a batch with statistics of their own
const char *fw_place(const char *text);     // with the author's file and line before it
#define FW_N(list) (int)(sizeof(list) / sizeof(*(list)))

#endif

// fw.h: all that the author of a plugin includes. A plugin declares itself in
// fw_main; README.md shows how it is built. There is no libc: what a plugin needs
// of it is here.
//
// A mistake in a trace does not end the author's function: the first one is kept,
// with the author's file and line, values are invalid from there on (of one element),
// and the host gets the message. fw_panic ends the call at once.
#ifndef FW_H
#define FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// fw_main declares the plugins of the module; it is the author's.
void fw_main(void);

// ---- Declaration ----

typedef struct fw_plugin fw_plugin;

void fw_doc(fw_plugin *p, const char *doc); // one sentence, with its source

// A parameter's range: any of these after the parameter's doc.
typedef struct {
	bool has_min, has_max, min_open, max_open;
	double min, max;
	const char *choice;
} fw_range;

#define fw_at_least(x) ((fw_range){.has_min = true, .min = (x)})
#define fw_above(x) ((fw_range){.has_min = true, .min = (x), .min_open = true})
#define fw_at_most(x) ((fw_range){.has_max = true, .max = (x)})
#define fw_below(x) ((fw_range){.has_max = true, .max = (x), .max_open = true})
#define fw_between(lo, hi) ((fw_range){.has_min = true, .min = (lo), .has_max = true, .max = (hi)})
#define fw_choice(s) ((fw_range){.choice = (s)}) // once for each string that it may be
#define FW_RANGES(...) (const fw_range[]){{0}, ##__VA_ARGS__}, sizeof((fw_range[]){{0}, ##__VA_ARGS__}) / sizeof(fw_range)

// Lists of parameters, valid for one call.
typedef struct { const double *at; int n; } fw_floats;
typedef struct { const int64_t *at; int n; } fw_ints;

// Each sets *dst before every call: to the experiment's value or the default.
#define fw_float(p, dst, name, def, doc, ...) fw_declare_float(p, dst, name, def, doc, FW_RANGES(__VA_ARGS__))
#define fw_int(p, dst, name, def, doc, ...) fw_declare_int(p, dst, name, def, doc, FW_RANGES(__VA_ARGS__))
#define fw_bool(p, dst, name, def, doc) fw_declare_bool(p, dst, name, def, doc)
#define fw_string(p, dst, name, def, doc, ...) fw_declare_string(p, dst, name, def, doc, FW_RANGES(__VA_ARGS__))
#define fw_float_list(p, dst, name, def, doc, ...) fw_declare_floats(p, dst, name, def, doc, FW_RANGES(__VA_ARGS__))
#define fw_int_list(p, dst, name, def, doc, ...) fw_declare_ints(p, dst, name, def, doc, FW_RANGES(__VA_ARGS__))
void fw_declare_float(fw_plugin *, double *dst, const char *name, double def, const char *doc, const fw_range *, size_t);
void fw_declare_int(fw_plugin *, int *dst, const char *name, int def, const char *doc, const fw_range *, size_t);
void fw_declare_bool(fw_plugin *, bool *dst, const char *name, bool def, const char *doc);
void fw_declare_string(fw_plugin *, const char **dst, const char *name, const char *def, const char *doc, const fw_range *, size_t);
void fw_declare_floats(fw_plugin *, fw_floats *dst, const char *name, fw_floats def, const char *doc, const fw_range *, size_t);
void fw_declare_ints(fw_plugin *, fw_ints *dst, const char *name, fw_ints def, const char *doc, const fw_range *, size_t);

// fw_ordered refuses a value of the float parameter low that is above that of high.
void fw_ordered(fw_plugin *, const char *low, const char *high);

// fw_check is called once all parameters are set; it may call fw_refuse.
void fw_check(fw_plugin *, void (*check)(void));

// fw_refuse says that a parameter's value does not do; the host names the place in
// the experiment that sets it.
void fw_refuse(const char *param, const char *why);

// fw_text joins strings, the last of which is NULL; the result is valid for one call.
const char *fw_text(const char *first, ...);
const char *fw_number(double x);
bool fw_same(const char *a, const char *b); // whether two strings are equal

// fw_panic logs a text with the author's file and line, and ends the call.
#define fw_panic(text) fw_panic_at(__FILE__, __LINE__, text)
#define fw_assert(condition) ((condition) ? (void)0 : fw_panic_at(__FILE__, __LINE__, "assertion failed: " #condition))
_Noreturn void fw_panic_at(const char *file, int line, const char *text);

// ---- Numbers ----

// They have the same bits in every language and on every machine.
double fw_log(double x); // of a normal x above 0
double fw_exp(double x);
static inline double fw_sqrt(double x) { return __builtin_sqrt(x); }
static inline int fw_round(double x) { return (int)__builtin_rint(x); } // to the nearest, ties to even
static inline int fw_min(int x, int y) { return x < y ? x : y; }
static inline int fw_max(int x, int y) { return x > y ? x : y; }

// ---- Crops ----

// fw_key draws the random numbers of one crop (Philox4x32-10).
typedef struct {
	uint32_t key[2], buffer[4];
	uint64_t next;
	double lo, hi, span; // the last bounds of fw_log_uniform, which are the same crop after crop, and log(hi / lo)
} fw_key;

uint32_t fw_uint32(fw_key *k);                         // the next random word
double fw_float64(fw_key *k);                          // in [0,1) with 53 bits
double fw_uniform(fw_key *k, double lo, double hi);    // in [lo,hi)
double fw_log_uniform(fw_key *k, double lo, double hi);// in [lo,hi) with a uniform logarithm
int fw_intn(fw_key *k, int n);                         // 0 to n-1, n above 0
bool fw_chance(fw_key *k, double p);                   // true with probability p
double fw_normal(fw_key *k);                           // standard normal
double fw_beta(fw_key *k, double a, double b);         // Beta(a,b), a and b above 0

typedef struct { int h, w; } fw_size; // in pixels
typedef struct { double y0, x0, y1, x1; bool known; } fw_box; // where the object may be, relative to the image; not known: all of it
typedef struct { int y, x, h, w; bool fell_back; } fw_rect; // in pixels; fell_back: no draw fitted, which the host counts

static inline double fw_area(fw_size s) { return (double)s.h * (double)s.w; }

// fw_center_crop is the largest centred rectangle of width over height within bounds,
// marked as a fall-back.
fw_rect fw_center_crop(fw_size s, double min_ratio, double max_ratio);

// A crop strategy is a pure function; view counts the task's crops of an image from 0.
typedef fw_rect (*fw_cropper)(fw_key *k, fw_size img, fw_box box, int view);
fw_plugin *fw_crop(const char *id, const char *version, fw_cropper crop);
void fw_boxes(fw_plugin *p); // the strategy goes by the box: the host finds one for each image

#include "trace.h"
#endif

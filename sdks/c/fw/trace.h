// trace.h: losses, pretext tasks and augmentations. Calls on values become the
// instructions of a program that the host differentiates and runs; its ops are
// those of docs/abi.md. fw.h includes it.
#ifndef FW_TRACE_H
#define FW_TRACE_H

typedef enum { FW_F32 = 1, FW_BF16, FW_I32, FW_U32, FW_U8, FW_BOOL, FW_IMAGE, FW_RECT } fw_dtype;
typedef struct { fw_dtype dtype; int rank; int64_t dims[8]; } fw_shape;
typedef struct { int id; } fw_value;

// fw_of is a shape: fw_of(FW_F32, 32, 128); fw_of(FW_I32) is a scalar's.
#define fw_of(dtype, ...) fw_shape_of(dtype, (const int64_t[]){0, ##__VA_ARGS__}, sizeof((int64_t[]){0, ##__VA_ARGS__}) / sizeof(int64_t))
fw_shape fw_shape_of(fw_dtype, const int64_t *dims_after_0, size_t n);
fw_shape fw_shape_of_value(fw_value x);
int fw_dim(fw_value x, int i); // a negative i counts from the end
int fw_rank(fw_value x);
int fw_elements(fw_value x);

// A loss of a signature (contrast, classify, predict ...; docs/abi.md has their inputs).
typedef fw_value (*fw_loss_function)(const fw_value *in);
fw_plugin *fw_loss(const char *id, const char *version, const char *signature, fw_loss_function loss);

// A pretext task: what is seen, and what is asked. objective gives the loss f32[].
fw_plugin *fw_pretext(const char *id, const char *version, const char *signature, void (*views)(void), fw_value (*objective)(void));
void fw_defaults(fw_plugin *p, const char *loss, const char *crop, const char *augment);

// An augmentation: a picture u8[H,W,C] to one of the same size; fw_index is which of
// the task's calls it is for.
fw_plugin *fw_augment(const char *id, const char *version, fw_value (*augment)(fw_value picture));
int fw_index(void);

// A network with named stages (map, pooled; embed, encode), of an input f32[N,H,W,C];
// fw_training tells whether statistics are of the batch or frozen.
fw_plugin *fw_network(const char *id, const char *version, fw_value (*stage)(const char *stage, fw_value x));
bool fw_training(void);

// fw_fail keeps a mistake of the author's own finding; fw_failed tells whether there is one.
void fw_fail(const char *text);
bool fw_failed(void);

// What follows carries the author's place: each name is also a macro that notes it.
void fw_here(const char *file, int line);

// ---- Arithmetic: NumPy's broadcasting ----

fw_value fw_unary(const char *op, fw_value x);             // abs, negate, exponential, log, sqrt, rsqrt, tanh, logistic, floor, softmax, stop_gradient ...
fw_value fw_binary(const char *op, fw_value x, fw_value y);// add, subtract, multiply, divide, maximum, minimum, power, remainder, and, or
fw_value fw_compare(const char *direction, fw_value x, fw_value y); // EQ NE LT LE GT GE
fw_value fw_where(fw_value predicate, fw_value x, fw_value y);
fw_value fw_convert(fw_value x, fw_dtype to);
fw_value fw_scale(fw_value x, double y);
fw_value fw_add_const(fw_value x, double y);
fw_value fw_max_const(fw_value x, double y);
fw_value fw_min_const(fw_value x, double y);
fw_value fw_mod(fw_value x, int n);
fw_value fw_compare_const(const char *direction, fw_value x, double y);
fw_value fw_square(fw_value x);

// ---- Constants ----

fw_value fw_fill(fw_shape s, double x);
fw_value fw_constant(fw_shape s, const double *elements);
fw_value fw_iota(int n); // i32 0, 1 ... n-1
fw_value fw_iota_of(fw_shape s, int dim);

// ---- Shape ----

fw_value fw_reshape(fw_value x, const int64_t *dims, int rank); // one may be -1
fw_value fw_transpose(fw_value x, const int *permutation);
fw_value fw_t(fw_value x); // swaps the last two dimensions
fw_value fw_slice(fw_value x, int axis, int start, int limit);
fw_value fw_concat(int axis, fw_value x, fw_value y);
fw_value fw_concat_all(int axis, const fw_value *x, int n);
fw_value fw_reverse(fw_value x, int axis);
fw_value fw_broadcast_to(fw_value x, const int64_t *dims, int rank);
fw_value fw_broadcast_in_dim(fw_value x, const int64_t *dims, int rank, const int *at);
fw_value fw_take(fw_value x, int axis, int batch_dims, fw_value indices); // rows along axis

// ---- Reductions; FW_ALL is over everything ----

enum { FW_ALL = 1 << 20 };
fw_value fw_reduce(const char *kind, fw_value x, int axis); // add, multiply, maximum, minimum, and, or
fw_value fw_reduce_over(const char *kind, fw_value x, const int *axes, int n);
fw_value fw_sum(fw_value x, int axis);
fw_value fw_mean(fw_value x, int axis);
fw_value fw_mean_over(fw_value x, const int *axes, int n);
fw_value fw_sum_keep(fw_value x, int axis); // leaves the axis as 1
fw_value fw_mean_keep(fw_value x, int axis);
fw_value fw_max_keep(fw_value x, int axis);
fw_value fw_argmax(fw_value x, int axis);

// ---- Products and what losses are made of ----

fw_value fw_dot(fw_value x, fw_value y, int x_contract, int y_contract); // without batch dimensions
fw_value fw_matmul(fw_value x, fw_value y);
fw_value fw_l2_normalize(fw_value x, int axis);
fw_value fw_cross_entropy(fw_value logits, fw_value labels); // f32[N,C], i32[N]: f32[N]
fw_value fw_mask_diagonal(fw_value x);                       // minus infinity (-1e9) on the diagonal
fw_value fw_one_hot(fw_value x, int n);

// ---- A step: parameters, states, other plugins ----

fw_value fw_param(const char *name, const char *init, const double *args, int n, fw_shape s);
fw_value fw_state(const char *name, const char *init, const double *args, int n, fw_shape s);
void fw_assign(const char *state, fw_value x);
void fw_ema(const char *source, const char *target, fw_value momentum, bool before);
void fw_metric(const char *name, fw_value x);
fw_value fw_context(const char *name); // step, steps: i32[]
fw_value fw_call(const char *callee, const char *scope, const fw_value *in, int n);
fw_value fw_linear(const char *name, fw_value x, int out, bool bias);              // torch.nn.Linear
fw_value fw_batch_norm(const char *name, fw_value x, bool training, bool affine);  // torch.nn.BatchNorm over all but the last dimension
fw_value fw_convolution(const char *name, fw_value x, int out, int k, int stride, int pad); // without bias, initialised as He et al. (2015)
fw_value fw_max_pool(fw_value x, int k, int stride, int pad);

int fw_batch(void);   // images in a step
int fw_samples(void); // images in the training set
fw_value fw_views(int group);               // all views of the group's size, view by view: f32[V*B,H,W,C]
fw_value fw_view_batch(int view);           // one view of the batch: f32[B,H,W,C]
fw_value fw_target(const char *name);       // what the views were labelled with
fw_value fw_backbone(const char *stage, const char *scope, fw_value x); // stage pooled: f32[N,H,W,C] to f32[N,D]
fw_value fw_loss_of(fw_value x, fw_value y);// the experiment's loss

// ---- Views of one image ----

int fw_image_size(void); // what the encoder sees, in pixels
int fw_channels(void);
fw_value fw_image(void);                           // the sample
fw_value fw_crop_to(fw_value image, int size);     // what the experiment's crop strategy chooses, resized
fw_value fw_whole(fw_value image);                 // the whole image, resized
fw_value fw_augmented(fw_value picture);           // the experiment's photometric recipe
int fw_view(fw_value picture);                     // one of the task's views, normalised; its number
int fw_view_of(fw_value numbers);                  // as it is
void fw_label(int view, const char *name, int label);
void fw_target_value(int view, const char *name, fw_value x);
fw_value fw_rotate90(fw_value picture, int quarters);
fw_value fw_picture(const char *op, fw_value picture);                      // image_flip_horizontal, image_flip_vertical, image_grayscale, image_invert ...
fw_value fw_adjust(const char *op, fw_value picture, fw_value by);          // image_brightness, image_contrast, image_saturation, image_hue, image_gaussian_blur, image_solarize
fw_value fw_color_jitter(fw_value picture, double brightness, double contrast, double saturation, double hue);
fw_value fw_maybe(double p, fw_value picture, fw_value (*f)(fw_value)); // f of the picture with probability p
fw_value fw_draw_uniform(double lo, double hi);
fw_value fw_draw_bernoulli(double p);
fw_value fw_draw_int(int n);

// ---- Any other op, with the shape of its result ----

typedef struct fw_attr fw_attr;
struct fw_attr {
	const char *name;
	int kind; // 1 int, 2 ints, 3 float, 4 floats, 5 string, 6 shape, 7 bytes
	int64_t i;
	double f;
	const void *list; // int64_t, double, char or uint8_t
	int n;            // elements of list
	fw_shape shape;
};
fw_attr fw_attr_int(const char *name, int64_t x);
fw_attr fw_attr_ints(const char *name, const int64_t *x, int n);
fw_attr fw_attr_float(const char *name, double x);
fw_attr fw_attr_floats(const char *name, const double *x, int n);
fw_attr fw_attr_string(const char *name, const char *x);
fw_attr fw_attr_shape(const char *name, fw_shape s);
fw_attr fw_attr_bytes(const char *name, const uint8_t *x, int n);
// fw_emit gives the first of the results, the others are numbered on from it.
fw_value fw_emit(const char *op, const fw_value *in, int n, const fw_attr *attrs, int attrs_n, const fw_shape *results, int results_n);

#ifndef FW_INSIDE
#include "places.h"
#endif
#endif

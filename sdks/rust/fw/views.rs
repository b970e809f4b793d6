//! View programs: what one image becomes.

use super::trace::{emit1, fail, fill, input, output, with};
use super::types::{Attr, DType, Shape, Value};

/// Traces what one image becomes: crops, transforms, and targets.
pub struct Views(());

/// One of a task's views.
pub struct View(usize);

const CROPS: usize = 0;
const AUGMENTS: usize = 1;
const VIEWS: usize = 2;

fn next(count: usize) -> usize {
    with(|t| {
        t.counts[count] += 1;
        t.counts[count] - 1
    })
}

#[track_caller]
fn call(callee: &str, x: Value, count: usize, result: Shape) -> Value {
    emit1("call", &[x], &[("callee", Attr::Str(callee)), ("view", Attr::Int(next(count) as i64)), ("shape", Attr::Shape(&result))], result.clone())
}

impl Views {
    pub(super) fn new() -> Views {
        Views(())
    }

    /// The sample.
    pub fn image(&self) -> Value {
        input("image", &Shape::of(DType::Image, &[]))
    }

    /// What the encoder sees, in pixels.
    pub fn size(&self) -> i64 {
        with(|t| t.request.image_size)
    }

    /// Of pictures: 1 or 3.
    pub fn channels(&self) -> i64 {
        with(|t| t.request.channels)
    }

    /// Of an augmentation: which of the task's calls it is traced for.
    pub fn index(&self) -> i64 {
        with(|t| t.request.view)
    }

    /// What the experiment's crop strategy chooses, resized to [`Views::size`].
    #[track_caller]
    pub fn crop(&self, image: Value) -> Value {
        self.crop_to(image, self.size())
    }

    #[track_caller]
    pub fn crop_to(&self, image: Value, size: i64) -> Value {
        let rect = call("crop", image, CROPS, Shape::of(DType::Rect, &[]));
        self.cut(image, rect, size)
    }

    /// The whole image, resized.
    #[track_caller]
    pub fn whole(&self, image: Value) -> Value {
        let rect = emit1("image_rect", &[image], &[], Shape::of(DType::Rect, &[]));
        self.cut(image, rect, self.size())
    }

    #[track_caller]
    fn cut(&self, image: Value, rect: Value, size: i64) -> Value {
        let c = self.channels();
        let attrs = [("height", Attr::Int(size)), ("width", Attr::Int(size)), ("channels", Attr::Int(c)), ("interpolation", Attr::Str("bilinear"))];
        emit1("image_crop_resize", &[image, rect], &attrs, Shape::of(DType::U8, &[size, size, c]))
    }

    /// The experiment's photometric recipe, drawn anew.
    #[track_caller]
    pub fn augment(&self, picture: Value) -> Value {
        call("augment", picture, AUGMENTS, picture.shape())
    }

    /// Makes a picture one of the task's views, normalised as the dataset is.
    #[track_caller]
    pub fn view(&self, picture: Value) -> View {
        let s = Shape::f32(&picture.shape().dims);
        let x = emit1("image_to_float", &[picture], &[], s.clone());
        self.view_of(emit1("image_normalize", &[x], &[], s))
    }

    /// Makes numbers one of the task's views as they are.
    #[track_caller]
    pub fn view_of(&self, x: Value) -> View {
        let i = next(VIEWS);
        output(&format!("view.{i}"), x);
        View(i)
    }

    #[track_caller]
    pub fn uniform(&self, lo: f64, hi: f64) -> Value {
        emit1("draw_uniform", &[], &[("low", Attr::Float(lo)), ("high", Attr::Float(hi))], Shape::f32(&[]))
    }

    #[track_caller]
    pub fn bernoulli(&self, p: f64) -> Value {
        emit1("draw_bernoulli", &[], &[("p", Attr::Float(p))], Shape::of(DType::Bool, &[]))
    }

    #[track_caller]
    pub fn intn(&self, n: i64) -> Value {
        emit1("draw_int", &[], &[("n", Attr::Int(n))], Shape::of(DType::I32, &[]))
    }

    /// torchvision's ColorJitter.
    #[track_caller]
    pub fn color_jitter(&self, picture: Value, brightness: f64, contrast: f64, saturation: f64, hue: f64) -> Value {
        let mut operands = vec![picture];
        for x in [brightness, contrast, saturation] {
            operands.push(self.uniform(f64::max(0.0, 1.0 - x), 1.0 + x));
        }
        operands.push(self.uniform(-hue, hue));
        operands.push(emit1("draw_permutation", &[], &[("n", Attr::Int(4))], Shape::of(DType::I32, &[4])));
        emit1("image_color_jitter", &operands, &[], picture.shape())
    }

    /// f(picture) with probability p.
    #[track_caller]
    pub fn maybe(&self, p: f64, picture: Value, f: impl FnOnce(Value) -> Value) -> Value {
        if p <= 0.0 {
            return picture;
        }
        let toss = self.bernoulli(p);
        toss.select(f(picture), picture)
    }
}

impl View {
    /// Attaches a known label.
    #[track_caller]
    pub fn label(self, name: &str, label: i64) -> View {
        self.target(name, fill(&Shape::of(DType::I32, &[]), label as f64))
    }

    /// Attaches a value computed in the view program.
    #[track_caller]
    pub fn target(self, name: &str, x: Value) -> View {
        output(&format!("target.{name}.{}", self.0), x);
        self
    }
}

/// Operations on pictures u8[H,W,C].
impl Value {
    /// An op that keeps the picture's size: image_flip_horizontal, image_brightness ...
    #[track_caller]
    pub fn picture(self, op: &str, by: &[Value]) -> Value {
        emit1(op, &[&[self], by].concat(), &[], self.shape())
    }

    /// Turns by k quarter turns counter-clockwise.
    #[track_caller]
    pub fn rotate90(self, k: i64) -> Value {
        let s = self.shape();
        if s.rank() != 3 || s.dims[0] != s.dims[1] {
            fail(&format!("image_rotate90: expected a square picture, found {s}"));
            return self;
        }
        self.picture("image_rotate90", &[fill(&Shape::of(DType::I32, &[]), k as f64)])
    }

    #[track_caller]
    pub fn flip_horizontal(self) -> Value {
        self.picture("image_flip_horizontal", &[])
    }

    #[track_caller]
    pub fn grayscale(self) -> Value {
        self.picture("image_grayscale", &[])
    }
}

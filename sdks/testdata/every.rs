//! The twin of everyTask in every_test.go.

mod fw;
use fw::*;

#[derive(Default)]
struct Every {
    fail: i64,
}

impl Pretext for Every {
    fn params(&mut self, p: &mut Params) {
        p.int(&mut self.fail, "fail", 0, "1: a mistake in the trace, 2: a panic", &[between(0.0, 2.0)]);
    }

    fn views(&self, v: &Views) {
        let img = v.augment(v.crop(v.image()));
        let img = v.maybe(0.5, img, |m| m.flip_horizontal());
        let img = v.color_jitter(img, 0.4, 0.4, 1.2, 0.1);
        let img = img.picture("image_gaussian_blur", &[v.uniform(0.1, 2.0)]).grayscale();
        v.view(img.rotate90(1)).label("which", 7);
        v.view(v.crop_to(v.image(), 4)).target("which", v.intn(9));
        let whole = v.whole(v.image());
        v.view_of(emit("image_to_float", &[whole], &[], &[Shape::f32(&whole.shape().dims)])[0]);
    }

    fn objective(&self, s: &Step) -> Value {
        if self.fail == 2 {
            panic!("on purpose"); // panic
        }
        let n = s.batch();
        let h = s.backbone("pooled", "online", s.view(0));
        if self.fail == 1 {
            let _ = h + s.group(1); // mistake
        }
        let y = s.batch_norm("b", s.linear("a", h, 6, false), true, true);
        let y = s.batch_norm("c", y, false, false).relu();
        let y = y.abs().neg().exp().log().sqrt().rsqrt().tanh().sigmoid().softmax().stop_gradient();

        let row = constant(&Shape::f32(&[1, 6]), &[1.0, -2.0, 0.5, 3.0, 1.0 / 3.0, 1e-3]);
        let y = ((y + row - row) * row / row).max(row).min(row);
        let y = y.scale(0.1).add_const(2.0).max_const(-1.0).min_const(7.0).square();
        let y = y.less(row).select(y, row);
        let y = y.more_than(0.25).select(y, scalar(0.0));
        let y = concat(1, &[y, y.reverse(1)]).slice(1, 2, -1);
        let y = y.reshape(&[n, 3, -1]).transpose(&[2, 0, 1]);
        let y = y.t().sum(&[0]) - y.mean_keep(&[1]).reshape(&[3, 3]).reduce_max(&[0]);
        let y = y.t().matmul(y) - y.t().dot(y, 1, 0).max_keep(&[1]);
        let y = y.mask_diagonal().l2_normalize(-1);

        let which = s.target("which").slice(0, 0, n);
        let hot = which.modulo(3).one_hot(3).broadcast_in_dim(&[n, 2, 3], &[0, 2]).mean(&[1]);
        let rows = hot.take(0, hot.argmax(1).add(iota(n)).modulo(n)).log_softmax();
        let picked = rows.cross_entropy(which.modulo(3)).sum_keep(&[0]);

        let centre = s.state("centre", "constant", &[0.5], &Shape::f32(&[3]));
        s.assign("centre", centre.scale(0.9) + rows.mean(&[0]).scale(0.1));
        let share = s.step_number().float() / s.total_steps().float();
        s.ema("online", "online_ema", share, true);
        let w = s.param("w", "normal", &[0.0, 0.02], &[3]);
        s.metric("train/w", (w * centre).sum(&[]));
        s.loss(&[y + picked.reshape(&[1, 1]), which])
    }
}

#[derive(Default)]
struct Masked {
    kind: String,
    on: bool,
    weights: Vec<f64>,
    shifts: Vec<i64>,
}

impl Loss for Masked {
    fn params(&mut self, p: &mut Params) {
        p.string(&mut self.kind, "kind", "mean", "sum or mean", &[choice("mean"), choice("sum")]);
        p.bool(&mut self.on, "on", true, "whether the weights count");
        p.floats(&mut self.weights, "weights", &[1.0, 0.5], "factors", &[above(0.0), below(100.0)]);
        p.ints(&mut self.shifts, "shifts", &[-1, 300], "summands", &[at_least(-2.0)]);
    }

    fn loss(&self, inputs: &[Value]) -> Value {
        let mut x = (inputs[0] - inputs[1]).square().sum(&[2]) * inputs[2];
        if self.on {
            x = self.weights.iter().fold(x, |x, &w| x.scale(w));
        }
        x = self.shifts.iter().fold(x, |x, &s| x.add_const(s as f64));
        if self.kind == "sum" {
            x.sum(&[])
        } else {
            x.mean(&[])
        }
    }
}

struct Recipe;

impl Augment for Recipe {
    fn augment(&self, v: &Views, picture: Value) -> Value {
        if v.index() == 1 {
            return picture.picture("image_solarize", &[fill(&Shape::of(DType::I32, &[]), 128.0)]);
        }
        picture.picture("image_brightness", &[v.uniform(0.6, 1.4)])
    }
}

struct Net;

impl Backbone for Net {
    fn stage(&self, s: &Step, stage: &str, x: Value) -> Value {
        let x = s.convolution("conv1", x, 8, 3, 2, 1);
        let x = s.max_pool(s.batch_norm("bn1", x, s.training(), true).relu(), 3, 2, 1);
        if stage == "map" {
            return x;
        }
        x.reshape(&[x.dim(0), -1, x.dim(3)]).mean(&[1])
    }
}

serve!(
    pretext("test/every", "0.1.0", "classify", Every::default()),
    loss("test/masked", "0.1.0", "reconstruct", Masked::default()),
    augment("test/recipe", "0.1.0", Recipe),
    backbone("test/net", "0.1.0", Net),
);

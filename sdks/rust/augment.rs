//! augment is the photometric recipe of SimCLR (Chen et al. 2020, appendix A): flip, colour
//! jitter of strength s, grayscale, blur.

mod fw;
use fw::*;

#[derive(Default)]
struct Recipe {
    flip: f64,
    strength: f64,
    jitter: f64,
    grayscale: f64,
    blur: f64,
}

impl Augment for Recipe {
    fn params(&mut self, p: &mut Params) {
        p.float(&mut self.flip, "flip", 0.5, "probability of a horizontal flip", &[between(0.0, 1.0)]);
        p.float(
            &mut self.strength,
            "strength",
            0.5,
            "jitter: brightness, contrast and saturation 0.8 s, hue 0.2 s; 1 for ImageNet, 0.5 for CIFAR-10",
            &[between(0.0, 2.0)],
        );
        p.float(&mut self.jitter, "jitter", 0.8, "probability of the colour jitter", &[between(0.0, 1.0)]);
        p.float(&mut self.grayscale, "grayscale", 0.2, "probability of grayscale", &[between(0.0, 1.0)]);
        p.float(&mut self.blur, "blur", 0.0, "probability of a Gaussian blur, sigma in [0.1, 2]; 0.5 for ImageNet", &[between(0.0, 1.0)]);
    }

    /// Every draw is made anew for each image and view.
    fn augment(&self, v: &Views, img: Value) -> Value {
        let s = self.strength;
        let img = v.maybe(self.flip, img, |x| x.flip_horizontal());
        let img = v.maybe(self.jitter, img, |x| v.color_jitter(x, 0.8 * s, 0.8 * s, 0.8 * s, 0.2 * s));
        let img = v.maybe(self.grayscale, img, |x| x.grayscale());
        v.maybe(self.blur, img, |x| x.picture("image_gaussian_blur", &[v.uniform(0.1, 2.0)]))
    }
}

serve!(augment("fw/simclr-augment", "1.0.0", Recipe::default()).doc("flip, colour jitter, grayscale and blur of SimCLR (Chen et al. 2020, appendix A)"));

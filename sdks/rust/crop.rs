//! contrastive-crop crops where the object is, and keeps the two crops of a pair apart
//! ("Crafting Better Contrastive Views for Siamese Representation Learning", Peng et al.
//! 2022, section 3).

mod fw;
use fw::*;

#[derive(Default)]
struct ContrastiveCrop {
    alpha: f64,
    min_scale: f64,
    max_scale: f64,
    min_ratio: f64,
    max_ratio: f64,
}

impl Crop for ContrastiveCrop {
    fn params(&mut self, p: &mut Params) {
        p.float(
            &mut self.alpha,
            "alpha",
            0.1,
            "shape of Beta(alpha, alpha): below 1 the middle is rare, 1 is uniform; the authors take 0.1 for small images, 0.6 for ImageNet",
            &[above(0.0), at_most(1e3)],
        );
        p.float(&mut self.min_scale, "min_scale", 0.2, "smallest share of the image's area", &[above(0.0), at_most(1.0)]);
        p.float(&mut self.max_scale, "max_scale", 1.0, "largest share of the image's area", &[above(0.0), at_most(1.0)]);
        p.float(&mut self.min_ratio, "min_ratio", 3.0 / 4.0, "smallest width over height", &[above(0.0)]);
        p.float(&mut self.max_ratio, "max_ratio", 4.0 / 3.0, "largest width over height", &[above(0.0)]);
        p.ordered("min_scale", "max_scale");
        p.ordered("min_ratio", "max_ratio");
    }

    fn crop(&self, k: &mut Key, img: Size, region: Region, _view: usize) -> Rect {
        for _ in 0..10 {
            let area = k.uniform(self.min_scale, self.max_scale) * img.area();
            let ratio = k.log_uniform(self.min_ratio, self.max_ratio);
            let (w, h) = (round((area * ratio).sqrt()), round((area / ratio).sqrt()));
            if w < 1 || w > img.w || h < 1 || h > img.h {
                continue;
            }
            if !region.known {
                // warm-up: a plain RandomResizedCrop
                return Rect { y: k.intn(img.h - h + 1), x: k.intn(img.w - w + 1), h, w, fell_back: false };
            }
            let (y0, y1) = (centred(region.y0, img.h, h), centred(region.y1, img.h, h));
            let (x0, x1) = (centred(region.x0, img.w, w), centred(region.x1, img.w, w));
            let (u, v) = (k.beta(self.alpha, self.alpha), k.beta(self.alpha, self.alpha));
            return Rect { y: between(y0, y1, u), x: between(x0, x1, v), h, w, fell_back: false };
        }
        img.center_crop(self.min_ratio, self.max_ratio)
    }
}

/// The first pixel of a crop of n whose centre lies on a box's edge, moved into the image.
/// The product is an f32's, as the authors'.
fn centred(edge: f64, size: i64, n: i64) -> i64 {
    ((size as f32 * edge as f32) as i64 - n / 2).max(0).min(size - n)
}

fn between(first: i64, last: i64, share: f64) -> i64 {
    first + ((last - first) as f64 * share) as i64
}

serve!(crop("fw/contrastive-crop", "1.0.0", ContrastiveCrop::default())
    .boxes()
    .doc("crops centred within the object's box, their centres rather at its edges than in its middle (Peng et al. 2022)"));

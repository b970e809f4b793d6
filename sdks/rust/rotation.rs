//! rotation is rotation prediction (Gidaris et al. 2018, "Unsupervised Representation
//! Learning by Predicting Image Rotations").

mod fw;
use fw::*;

struct Rotation;

impl Pretext for Rotation {
    /// All four rotations of one crop, in one batch.
    fn views(&self, v: &Views) {
        let img = v.augment(v.crop(v.image()));
        for k in 0..4 {
            v.view(img.rotate90(k)).label("angle", k);
        }
    }

    fn objective(&self, s: &Step) -> Value {
        let h = s.backbone("pooled", "", s.views());
        let logits = s.linear("head", h, 4, true);
        let angle = s.target("angle");
        s.metric("train/pretext_top1", logits.argmax(1).eq(angle).float().mean(&[]).scale(100.0));
        s.loss(&[logits, angle])
    }
}

serve!(pretext("fw/rotation", "1.0.0", "classify", Rotation).doc("which of four right angles was the image turned by? (Gidaris et al. 2018)").defaults(
    "fw/cross-entropy",
    "fw/random-resized-crop",
    "fw/flip"
));

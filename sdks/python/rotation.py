"""rotation is rotation prediction (Gidaris et al. 2018, "Unsupervised Representation Learning
by Predicting Image Rotations")."""

import fw


@fw.pretext("fw/rotation", "1.0.0", "classify", loss="fw/cross-entropy", crop="fw/random-resized-crop", augment="fw/flip")
class Rotation:
    """which of four right angles was the image turned by? (Gidaris et al. 2018)"""

    def views(self, v):
        """All four rotations of one crop, in one batch."""
        img = v.augment(v.crop(v.image))
        for k in range(4):
            v.view(img.rotate90(k)).target("angle", k)

    def objective(self, s):
        h = s.backbone(s.views)
        logits = s.linear("head", h, 4)
        angle = s.target("angle")
        s.metric("train/pretext_top1", logits.argmax(1).eq(angle).float().mean() * 100)
        return s.loss(logits, angle)


fw.serve(Rotation)

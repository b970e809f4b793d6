// rotation is rotation prediction (Gidaris et al. 2018, "Unsupervised Representation
// Learning by Predicting Image Rotations").

import { Pretext, Step, Value, Views, serve } from "./fw";
export { fw_abi_v1, fw_alloc, fw_call } from "./fw/serve";

class Rotation extends Pretext {
  // All four rotations of one crop, in one batch.
  views(v: Views): void {
    const img = v.augment(v.crop(v.image));
    for (let k = 0; k < 4; k++) v.view(img.rotate90(k)).label("angle", k);
  }

  objective(s: Step): Value {
    const h = s.backbone("pooled", s.views());
    const logits = s.linear("head", h, 4);
    const angle = s.target("angle");
    s.metric("train/pretext_top1", logits.argmax(1).compare("EQ", angle).float().mean().scale(100));
    return s.loss([logits, angle]);
  }
}

serve(new Rotation("fw/rotation", "1.0.0", "classify")
  .doc("which of four right angles was the image turned by? (Gidaris et al. 2018)")
  .defaults("fw/cross-entropy", "fw/random-resized-crop", "fw/flip"));

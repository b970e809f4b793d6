// augment is the photometric recipe of SimCLR (Chen et al. 2020, appendix A): flip, colour
// jitter of strength s, grayscale, blur.

import { Augment, Params, Value, Views, between, serve } from "./fw";
export { fw_abi_v1, fw_alloc, fw_call } from "./fw/serve";

class Recipe extends Augment {
  flip: f64 = 0;
  strength: f64 = 0;
  jitter: f64 = 0;
  grayscale: f64 = 0;
  blur: f64 = 0;

  params(p: Params): void {
    this.flip = p.float("flip", 0.5, "probability of a horizontal flip", between(0, 1));
    this.strength = p.float("strength", 0.5, "jitter: brightness, contrast and saturation 0.8 s, hue 0.2 s; 1 for ImageNet, 0.5 for CIFAR-10", between(0, 2));
    this.jitter = p.float("jitter", 0.8, "probability of the colour jitter", between(0, 1));
    this.grayscale = p.float("grayscale", 0.2, "probability of grayscale", between(0, 1));
    this.blur = p.float("blur", 0, "probability of a Gaussian blur, sigma in [0.1, 2]; 0.5 for ImageNet", between(0, 1));
  }

  // Every draw is made anew for each image and view.
  augment(v: Views, img: Value): Value {
    const s = this.strength;
    if (this.flip > 0) {
      const toss = v.bernoulli(this.flip);
      img = toss.select(img.picture("image_flip_horizontal"), img);
    }
    if (this.jitter > 0) {
      const toss = v.bernoulli(this.jitter);
      img = toss.select(v.colorJitter(img, 0.8 * s, 0.8 * s, 0.8 * s, 0.2 * s), img);
    }
    if (this.grayscale > 0) {
      const toss = v.bernoulli(this.grayscale);
      img = toss.select(img.picture("image_grayscale"), img);
    }
    if (this.blur > 0) {
      const toss = v.bernoulli(this.blur);
      img = toss.select(img.picture("image_gaussian_blur", [v.uniform(0.1, 2)]), img);
    }
    return img;
  }
}

serve(new Recipe("fw/simclr-augment", "1.0.0")
  .doc("flip, colour jitter, grayscale and blur of SimCLR (Chen et al. 2020, appendix A)"));

// contrastive-crop crops where the object is, and keeps the two crops of a pair apart
// ("Crafting Better Contrastive Views for Siamese Representation Learning", Peng et al.
// 2022, section 3).

import { Crop, Key, Params, Rect, Region, Size, above, atMost, rect, serve } from "./fw";
export { fw_abi_v1, fw_alloc, fw_call } from "./fw/serve";

class ContrastiveCrop extends Crop {
  alpha: f64 = 0;
  minScale: f64 = 0;
  maxScale: f64 = 0;
  minRatio: f64 = 0;
  maxRatio: f64 = 0;

  params(p: Params): void {
    this.alpha = p.float("alpha", 0.1, "shape of Beta(alpha, alpha): below 1 the middle is rare, 1 is uniform; the authors take 0.1 for small images, 0.6 for ImageNet", above(0).concat(atMost(1e3)));
    this.minScale = p.float("min_scale", 0.2, "smallest share of the image's area", above(0).concat(atMost(1)));
    this.maxScale = p.float("max_scale", 1, "largest share of the image's area", above(0).concat(atMost(1)));
    this.minRatio = p.float("min_ratio", 3.0 / 4.0, "smallest width over height", above(0));
    this.maxRatio = p.float("max_ratio", 4.0 / 3.0, "largest width over height", above(0));
    p.ordered("min_scale", "max_scale");
    p.ordered("min_ratio", "max_ratio");
  }

  crop(k: Key, img: Size, region: Region, view: i32): Rect {
    for (let i = 0; i < 10; i++) {
      const area = k.uniform(this.minScale, this.maxScale) * img.area;
      const ratio = k.logUniform(this.minRatio, this.maxRatio);
      const w = <i32>nearest<f64>(sqrt<f64>(area * ratio)), h = <i32>nearest<f64>(sqrt<f64>(area / ratio));
      if (w < 1 || w > img.w || h < 1 || h > img.h) continue;
      if (!region.known) { // warm-up: a plain RandomResizedCrop
        const y = k.intn(img.h - h + 1), x = k.intn(img.w - w + 1);
        return rect(y, x, h, w);
      }
      const y0 = centred(region.y0, img.h, h), y1 = centred(region.y1, img.h, h);
      const x0 = centred(region.x0, img.w, w), x1 = centred(region.x1, img.w, w);
      const u = k.beta(this.alpha, this.alpha), v = k.beta(this.alpha, this.alpha);
      return rect(between(y0, y1, u), between(x0, x1, v), h, w);
    }
    return img.centerCrop(this.minRatio, this.maxRatio);
  }
}

// centred is the first pixel of a crop of n whose centre lies on a box's edge, moved into
// the image. The product is an f32's, as the authors'.
function centred(edge: f64, size: i32, n: i32): i32 {
  return min(max(<i32>(<f32>size * <f32>edge) - n / 2, 0), size - n);
}

function between(first: i32, last: i32, share: f64): i32 {
  return first + <i32>(<f64>(last - first) * share);
}

serve(new ContrastiveCrop("fw/contrastive-crop", "1.0.0").boxes()
  .doc("crops centred within the object's box, their centres rather at its edges than in its middle (Peng et al. 2022)"));

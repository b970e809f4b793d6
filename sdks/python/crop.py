"""contrastive-crop crops where the object is, and keeps the two crops of a pair apart
("Crafting Better Contrastive Views for Siamese Representation Learning", Peng et al. 2022,
section 3)."""

import math

import fw


@fw.crop("fw/contrastive-crop", "1.0.0", boxes=True)
class ContrastiveCrop:
    """crops centred within the object's box, their centres rather at its edges than in its
    middle (Peng et al. 2022)"""

    alpha = fw.Float(0.1, "shape of Beta(alpha, alpha): below 1 the middle is rare, 1 is uniform; the authors take 0.1 for small images, 0.6 for ImageNet", above=0, at_most=1e3)
    min_scale = fw.Float(0.2, "smallest share of the image's area", above=0, at_most=1)
    max_scale = fw.Float(1, "largest share of the image's area", above=0, at_most=1)
    min_ratio = fw.Float(3 / 4, "smallest width over height", above=0)
    max_ratio = fw.Float(4 / 3, "largest width over height", above=0)
    ordered = [("min_scale", "max_scale"), ("min_ratio", "max_ratio")]

    def crop(self, k, img, box, view):
        for _ in range(10):
            area = k.uniform(self.min_scale, self.max_scale) * img.area
            ratio = k.log_uniform(self.min_ratio, self.max_ratio)
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if w < 1 or w > img.w or h < 1 or h > img.h:
                continue
            if not box.known:  # warm-up: a plain RandomResizedCrop
                return fw.Rect(k.intn(img.h - h + 1), k.intn(img.w - w + 1), h, w)
            y0, y1 = centred(box.y0, img.h, h), centred(box.y1, img.h, h)
            x0, x1 = centred(box.x0, img.w, w), centred(box.x1, img.w, w)
            u, v = k.beta(self.alpha, self.alpha), k.beta(self.alpha, self.alpha)
            return fw.Rect(y0 + int((y1 - y0) * u), x0 + int((x1 - x0) * v), h, w)
        return img.center_crop(self.min_ratio, self.max_ratio)


def centred(edge, size, n):
    """The first pixel of a crop of n whose centre lies on a box's edge, moved into the image.
    The product is a float32's, as the authors'."""
    return min(max(int(fw.float32(size * fw.float32(edge))) - n // 2, 0), size - n)


fw.serve(ContrastiveCrop)

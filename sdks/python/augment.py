"""augment is the photometric recipe of SimCLR (Chen et al. 2020, appendix A): flip, colour
jitter of strength s, grayscale, blur."""

import fw


@fw.augment("fw/simclr-augment", "1.0.0")
class Recipe:
    """flip, colour jitter, grayscale and blur of SimCLR (Chen et al. 2020, appendix A)"""

    flip = fw.Float(0.5, "probability of a horizontal flip", at_least=0, at_most=1)
    strength = fw.Float(0.5, "jitter: brightness, contrast and saturation 0.8 s, hue 0.2 s; 1 for ImageNet, 0.5 for CIFAR-10", at_least=0, at_most=2)
    jitter = fw.Float(0.8, "probability of the colour jitter", at_least=0, at_most=1)
    grayscale = fw.Float(0.2, "probability of grayscale", at_least=0, at_most=1)
    blur = fw.Float(0, "probability of a Gaussian blur, sigma in [0.1, 2]; 0.5 for ImageNet", at_least=0, at_most=1)

    def augment(self, v, img):
        """Every draw is made anew for each image and view."""
        s = self.strength
        img = v.maybe(self.flip, img, lambda x: x.flip_horizontal())
        img = v.maybe(self.jitter, img, lambda x: v.color_jitter(x, 0.8 * s, 0.8 * s, 0.8 * s, 0.2 * s))
        img = v.maybe(self.grayscale, img, lambda x: x.grayscale())
        return v.maybe(self.blur, img, lambda x: x.picture("image_gaussian_blur", v.uniform(0.1, 2)))


fw.serve(Recipe)

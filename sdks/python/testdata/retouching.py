"""Changes pixels by ordinary code: the twin of retouching in pixels_test.go."""

import fw


@fw.eval_augment("test/retouching", "0.1.0")
class Retouching:
    """adds a drawn number to the levels of a drawn row"""

    most = fw.Int(9, "most that is added", at_least=1, at_most=255)

    def retouch(self, key, view, img):
        row, by = key.intn(img.h), key.intn(self.most)
        for i in range(row * img.w * img.c, (row + 1) * img.w * img.c):
            img.data[i] = (img.data[i] + by + view) % 256


fw.serve(Retouching)

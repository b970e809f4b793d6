"""Costs nothing but the copying of its inputs, there and back."""

import fw


@fw.eval_loss("test/copying", "0.1.0", "contrast")
class Copying:
    """gives its inputs back as gradients"""

    def eval(self, z1, z2):
        return 1.5, (z1.data, z2.data)


fw.serve(Copying)

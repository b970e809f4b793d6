"""Needs a module that is there when it is built, and not where it runs."""

import os

import fw

if "FW_PLUGIN" in os.environ:
    import nowhere.at_all  # missing


@fw.loss("test/needy", "0.1.0", "contrast")
class Needy:
    """needs more than there is"""

    def loss(self, z1, z2):
        return (z1 - z2).square().mean()


fw.serve(Needy)

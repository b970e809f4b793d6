"""Breaks in the way that its parameter says."""

import os
import sys

import fw


@fw.loss("test/broken", "0.1.0", "contrast")
class Broken:
    """breaks on purpose"""

    how = fw.String("not", "what goes wrong", choices=("not", "refused", "mistake", "exception", "crash"))

    def loss(self, z1, z2):
        if self.how == "mistake":
            return (z1 + z2.T).sum()  # mistake
        if self.how == "refused":
            fw.refuse("how", "expected another")
        if self.how == "exception":
            print("about to look")
            return [z1][int(z1.dim(0))]  # exception
        if self.how == "crash":
            sys.stderr.write("last words\n")
            sys.stderr.flush()
            os._exit(3)
        return (z1 - z2).square().mean()


fw.serve(Broken)

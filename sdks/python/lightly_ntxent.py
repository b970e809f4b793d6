"""lightly's NTXentLoss as it is: a PyTorch module becomes a loss that is evaluated."""

import fw
import fw.torch
from lightly.loss import NTXentLoss

fw.serve(fw.torch.loss("lightly/ntxent", "1.0.0", "contrast", NTXentLoss, doc="lightly's NTXentLoss (Chen et al. 2020, eq. 1)",
                       temperature=fw.Float(0.5, "scale of the similarities", above=0)))  # fmt: skip

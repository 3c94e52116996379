"""Fine-tunes code models and shows whether they got better."""

import os

os.environ.setdefault(
    "PYTORCH_ENABLE_MPS_FALLBACK", "1"
)  # before torch: what Apple's GPUs lack, the CPU does

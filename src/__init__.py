"""Fine-tunes code models and shows whether they got better."""

import os

# before torch: what Apple's GPUs lack, the CPU does
os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")

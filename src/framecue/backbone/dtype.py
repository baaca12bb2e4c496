"""The number format in which a model computes fastest on this machine."""

from __future__ import annotations

import torch

__all__ = ["fast_dtype"]

# PyTorch computes in bfloat16 on any processor, but if it has to emulate it, that is several times slower than float32.
# These instruction sets multiply bfloat16 matrices natively.
_NATIVE = ("avx512_bf16", "amx_bf16")


def fast_dtype() -> torch.dtype:
    """Return `torch.bfloat16` if the model runs on a processor with instructions for it, else `torch.float32`."""
    if torch.cuda.is_available() or not torch.backends.mkldnn.is_available():
        return torch.float32
    # Older versions of PyTorch do not tell what the processor has.
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if any(capabilities.get(name, False) for name in _NATIVE) else torch.float32

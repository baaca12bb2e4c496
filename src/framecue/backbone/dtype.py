"""The number formats in which a model computes, and the one that is fastest on this machine."""

from __future__ import annotations

import os

import torch

from framecue.errors import InputError

__all__ = ["DTYPES", "as_dtype", "fast_dtype"]

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
AUTO = "auto"

# PyTorch computes in bfloat16 on any processor, but if it has to emulate it, that is several times slower than float32.
# These instruction sets multiply bfloat16 matrices natively.
_NATIVE = ("avx512_bf16", "amx_bf16")
# NVIDIA's GPUs from Ampere on; earlier ones emulate it.
_FIRST_WITH_BFLOAT16 = (8, 0)
# Who limits oneDNN, which multiplies them, to one of these takes the instructions away.
_LIMIT_VARIABLE = "ONEDNN_MAX_CPU_ISA"
_WITHOUT = ("SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX512_CORE", "AVX512_CORE_VNNI")


def as_dtype(dtype: str | torch.dtype) -> torch.dtype:
    """Return the number format that is meant.

    Args:
        dtype: one of torch, or its name ("bfloat16"); "auto" is the fastest on this machine.

    Raises:
        InputError: a model does not compute in it.
    """
    if dtype == AUTO:
        return fast_dtype()
    found = DTYPES.get(dtype.removeprefix("torch.")) if isinstance(dtype, str) else dtype
    if found is None or found not in DTYPES.values():
        allowed = " or ".join(f"torch.{name}" for name in DTYPES)
        raise InputError(f"dtype must be {allowed}, got {dtype!r}; the name of one, or 'auto', will do")
    return found


def fast_dtype() -> torch.dtype:
    """Return `torch.bfloat16` if the GPU or, without one, the processor has instructions for it, else `torch.float32`.

    It is asked of the GPU that a model takes if none is named, the first that PyTorch sees.
    """
    if torch.cuda.is_available():
        capability = torch.cuda.get_device_capability()
        return torch.bfloat16 if capability >= _FIRST_WITH_BFLOAT16 else torch.float32
    if not torch.backends.mkldnn.is_available():
        return torch.float32
    if os.environ.get(_LIMIT_VARIABLE, "").upper() in _WITHOUT:
        return torch.float32
    # Older versions of PyTorch do not tell what the processor has.
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if any(capabilities.get(name, False) for name in _NATIVE) else torch.float32

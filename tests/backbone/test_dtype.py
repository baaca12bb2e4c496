from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from framecue.backbone import fast_dtype
from framecue.backbone.dtype import as_dtype
from framecue.errors import InputError


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretend that this machine has a processor with some instructions, and no GPU."""
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)

    def pretend(**capabilities: bool) -> None:
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)

    return pretend


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16"])
def test_bfloat16_where_the_processor_multiplies_it(processor, name: str) -> None:
    processor(avx2=True, avx512_bf16=name == "avx512_bf16", amx_bf16=name == "amx_bf16")
    assert fast_dtype() == torch.bfloat16


@pytest.mark.parametrize(
    "capabilities",
    [{"avx2": True, "avx512_f": True, "avx512_bf16": False, "amx_bf16": False}, {"neon": True}, {}],
    ids=["x86 without", "ARM", "unknown"],
)
def test_float32_elsewhere(processor, capabilities: dict[str, bool]) -> None:
    processor(**capabilities)
    assert fast_dtype() == torch.float32


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("AVX2", torch.float32),
        ("avx512_core", torch.float32),
        ("AVX512_CORE_BF16", torch.bfloat16),
        ("ALL", torch.bfloat16),
    ],
)
def test_float32_where_onednn_may_not_use_the_instructions(
    processor, monkeypatch: pytest.MonkeyPatch, limit: str, expected: torch.dtype
) -> None:
    processor(avx512_bf16=True)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    assert fast_dtype() == expected


def test_float32_without_onednn(processor, monkeypatch: pytest.MonkeyPatch) -> None:
    processor(avx512_bf16=True)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert fast_dtype() == torch.float32


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((9, 0), torch.bfloat16), ((8, 0), torch.bfloat16), ((7, 5), torch.float32), ((6, 1), torch.float32)],
    ids=["Hopper", "Ampere", "Turing", "Pascal"],
)
def test_on_a_gpu_what_it_multiplies_itself(
    processor, monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], expected: torch.dtype
) -> None:
    """Whatever the processor has: the model runs on the GPU."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    for has_native in (True, False):
        processor(avx512_bf16=has_native)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        assert fast_dtype() == expected


def test_float32_where_pytorch_does_not_say_what_the_processor_has(processor, monkeypatch: pytest.MonkeyPatch) -> None:
    processor(avx512_bf16=True)
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert fast_dtype() == torch.float32


def test_this_machine_has_one_of_the_two() -> None:
    assert fast_dtype() in (torch.float32, torch.bfloat16)


@pytest.mark.parametrize("dtype", [torch.bfloat16, "bfloat16", "torch.bfloat16"])
def test_a_number_format_may_be_named(dtype: str | torch.dtype) -> None:
    assert as_dtype(dtype) == torch.bfloat16


def test_auto_is_the_fastest() -> None:
    assert as_dtype("auto") == fast_dtype()


@pytest.mark.parametrize("dtype", ["float16", "half", "", "BFLOAT16", torch.float16, torch.int8, 16, None])
def test_other_number_formats_are_refused(dtype: object) -> None:
    with pytest.raises(
        InputError, match=r"^dtype must be torch\.float32 or torch\.bfloat16, got .*; the name of one, or 'auto'"
    ):
        as_dtype(dtype)  # type: ignore[arg-type]

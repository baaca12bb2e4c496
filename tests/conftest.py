"""A tiny CLIP and two tiny SigLIPs: real architectures, real tokenizers, random weights, made in a moment."""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from support.in_memory import folder_in_memory
from support.object_server import bucket, object_server, session_object_server

if TYPE_CHECKING:
    import torch
    from transformers import CLIPModel, PreTrainedTokenizerBase, Siglip2Model, SiglipModel

    from framecue.backbone import Backbone

__all__ = ["bucket", "object_server", "session_object_server"]

# One thread a process, also in those that tests start: two workers would else run twice as many as there are cores, and
# the last digits of a sum would depend on the machine. Read when PyTorch is imported, which nothing above does.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# No test makes graphs in the cache of whoever runs it; those that are about graphs have a cache of their own.
os.environ["FRAMECUE_GRAPHS"] = "off"
# Nor does one keep there what it searches for.
os.environ["FRAMECUE_HISTORY"] = "off"
# Tests write hundreds of libraries, each of many small files, and would wait for a disk.
if place := folder_in_memory(os.environ):
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(place)
# A busy machine is no failure.
hypothesis.settings.register_profile(
    "no deadline", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("no deadline")
# A shell ignores Ctrl-C for what it starts in the background, and nohup that a terminal goes, with it for all processes
# below; tests send both.
for name, handler in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, name), handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no cycles while tests are collected, nor later among what was: a million objects that stay to the end.

    Each training run asks for a collection, which would look at all of them.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


START, END = "<|startoftext|>", "<|endoftext|>"
WORDS = (
    *("strawberry", "camera", "falls", "rises", "there", "while", "about", "right", "blue", "this", "that", "here"),
    *("left", "cat", "dog", "red", "the", "and", "are", "car", "man", "in", "on", "of", "to", "an", "is"),
)
"""One token each; any other word is spelt letter by letter."""
IMAGE_SIZE, CONTEXT_LENGTH = 32, 24


def write_tokenizer(folder: Path) -> dict[str, int]:
    """CLIP's byte-pair files for `WORDS`; gives the vocabulary, whose last two ids are start and end of text."""
    letters = "abcdefghijklmnopqrstuvwxyz.,"
    merges: list[tuple[str, str]] = []
    for word in WORDS:
        made, *symbols = [*word[:-1], f"{word[-1]}</w>"]
        for symbol in symbols:
            if (made, symbol) not in merges:
                merges.append((made, symbol))
            made += symbol
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges), START, END]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    config = {
        **{"tokenizer_class": "CLIPTokenizer", "model_max_length": CONTEXT_LENGTH, "do_lower_case": True},
        **{"bos_token": START, "eos_token": END, "pad_token": END, "unk_token": END},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *map(" ".join, merges)]) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return vocabulary


def make_clip(
    *,
    vocabulary: int,
    embedding_dim: int = 24,
    eos_token_id: int | None = None,
    seed: int = 0,
    text: dict[str, Any] | None = None,
    vision: dict[str, Any] | None = None,
    **config: Any,
) -> CLIPModel:
    """A random CLIP whose towers have different widths, heads and depths, so that none can stand for another."""
    from transformers import CLIPConfig, CLIPModel

    text_config: dict[str, Any] = {
        **{"vocab_size": vocabulary, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2},
        **{"num_attention_heads": 3, "max_position_embeddings": CONTEXT_LENGTH, "bos_token_id": vocabulary - 2},
        **{"eos_token_id": vocabulary - 1 if eos_token_id is None else eos_token_id, "pad_token_id": vocabulary - 1},
    }
    vision_config: dict[str, Any] = {
        **{"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4},
        **{"image_size": IMAGE_SIZE, "patch_size": 8},
    }
    made = {"text_config": {**text_config, **(text or {})}, "vision_config": {**vision_config, **(vision or {})}}
    return randomise(CLIPModel(CLIPConfig(**made, projection_dim=embedding_dim, **config)), seed=seed)


def once(make: Callable[..., Any]) -> Callable[..., Any]:
    """Make what is asked for once, and give copies, which take half the time; no random number is used up."""
    made: dict[str, Any] = {}

    def copy(**options: Any) -> Any:
        import torch

        key = json.dumps(options, sort_keys=True)
        if key not in made:
            with torch.random.fork_rng(devices=[]):
                made[key] = make(**options)
        return deepcopy(made[key])

    return copy


def randomise(model: Any, *, seed: int) -> Any:
    """Make every parameter random, norms and biases too, and large enough for features to differ."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in ("logit_scale", "logit_bias"):
                continue
            noise = torch.randn(parameter.shape, generator=generator)
            if "embedding" in name:
                parameter.copy_(noise)
            elif parameter.ndim >= 2:
                parameter.copy_(noise * (2.0 / parameter[0].numel()) ** 0.5)
            elif "norm" in name and name.endswith("weight"):
                parameter.copy_(1 + 0.2 * noise)
            else:
                parameter.copy_(0.2 * noise)
    return model.eval()


def make_siglip_tokenizer() -> PreTrainedTokenizerBase:
    """Unigram as in SigLIP: `</s>` (1) ends and pads a text, nothing begins it, and no mask is given."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = [(f"▁{word}", -1.0) for word in (*WORDS, *"a.,")]
    letters = [(letter, -5.0) for letter in "▁abcdefghijklmnopqrstuvwxyz.,"]
    tokenizer = Tokenizer(models.Unigram([("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *words, *letters], unk_id=2))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="</s>",
        pad_token="</s>",
        unk_token="<unk>",
        model_max_length=CONTEXT_LENGTH,
        model_input_names=["input_ids"],
    )


def make_siglip2_tokenizer() -> PreTrainedTokenizerBase:
    """Gemma's byte pairs, as in SigLIP 2: `<eos>` (1) ends a text, `<pad>` (0) pads it; it has `<bos>`, but unused."""
    from transformers import Siglip2Tokenizer

    chains = [[*start, *word] for start in ("▁", "") for word in (*WORDS, ".", ",")]
    merges = dict.fromkeys(("".join(chain[:place]), chain[place]) for chain in chains for place in range(1, len(chain)))
    tokens = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", *"▁abcdefghijklmnopqrstuvwxyz.,", *map("".join, merges)]
    return Siglip2Tokenizer(
        vocab={token: index for index, token in enumerate(dict.fromkeys(tokens))},
        merges=list(merges),
        add_bos_token=False,
        add_eos_token=True,
        padding_side="right",
        model_max_length=CONTEXT_LENGTH,
        model_input_names=["input_ids"],
    )


def make_siglip(
    *,
    vocabulary: int,
    naflex: bool = False,
    seed: int = 0,
    text: dict[str, Any] | None = None,
    vision: dict[str, Any] | None = None,
    **config: Any,
) -> SiglipModel | Siglip2Model:
    """A random SigLIP, or SigLIP 2 with NaFlex, of the sizes of the tiny CLIP; E is the vision width, 32."""
    import torch
    from transformers import Siglip2Config, Siglip2Model, SiglipConfig, SiglipModel

    text_config: dict[str, Any] = {
        **{"vocab_size": vocabulary, "hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 2},
        **{"num_attention_heads": 3, "max_position_embeddings": CONTEXT_LENGTH, "projection_size": 32},
    }
    vision_config: dict[str, Any] = {
        **{"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4},
        **{"patch_size": 8, **({"num_patches": 16} if naflex else {"image_size": IMAGE_SIZE})},
    }
    made = {"text_config": {**text_config, **(text or {})}, "vision_config": {**vision_config, **(vision or {})}}
    model = Siglip2Model(Siglip2Config(**made, **config)) if naflex else SiglipModel(SiglipConfig(**made, **config))
    with torch.no_grad():
        model.logit_scale.fill_(2.0)
        model.logit_bias.fill_(-3.0)
    return randomise(model, seed=seed)


@pytest.fixture(scope="session", autouse=True)
def decoders_are_forked() -> Iterator[None]:
    """Decoding processes are forked from one that is ready; `tests/video/isolate` starts them as everybody does."""
    from support.forked_decoders import forked_decoders

    with forked_decoders():
        yield


@pytest.fixture(scope="session")
def vop_weights() -> dict[str, torch.Tensor]:
    """The state dict of the small VoP of `methods/vop_reference`, each tensor once, under the released code's names."""
    import numpy as np
    import torch

    weights: dict[str, torch.Tensor] = {}
    for part in ("vision", "text"):
        with np.load(Path(__file__).parent / "methods" / "vop_reference" / f"{part}.npz") as file:
            weights |= {name: torch.from_numpy(file[name]) for name in file}
    return weights


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny CLIP's tokenizer alone."""
    folder = tmp_path_factory.mktemp("tokenizer")
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_vocabulary(tokenizer_folder: Path) -> dict[str, int]:
    """Tokens to ids."""
    return json.loads((tokenizer_folder / "vocab.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def tiny_tokenizer(tokenizer_folder: Path) -> Callable[[], PreTrainedTokenizerBase]:
    """Gives the tiny CLIP's tokenizer, loaded once."""

    @cache
    def load() -> PreTrainedTokenizerBase:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(tokenizer_folder)

    return load


@pytest.fixture(scope="session")
def make_backbone(
    tiny_vocabulary: dict[str, int], tiny_tokenizer: Callable[[], PreTrainedTokenizerBase]
) -> Callable[..., Backbone]:
    """Makes tiny CLIPs in memory: `make_backbone(dtype=..., embedding_dim=..., eos_token_id=..., text={...}, ...)`."""

    make_one = once(make_clip)

    def make(dtype: torch.dtype | None = None, **options: Any) -> Backbone:
        from framecue.backbone import Backbone, hash_of_tensors

        clip = make_one(vocabulary=len(tiny_vocabulary), **options)
        return Backbone(
            clip if dtype is None else clip.to(dtype),
            name="tiny",
            revision=hash_of_tensors(clip.state_dict().items()),
            preprocess=Backbone.default_preprocess(clip.config),
            tokenizer=tiny_tokenizer,
        )

    return make


@pytest.fixture(scope="session")
def make_pe_core_backbone(
    tiny_vocabulary: dict[str, int], tiny_tokenizer: Callable[[], PreTrainedTokenizerBase]
) -> Callable[..., Backbone]:
    """Makes tiny PE-Cores in memory: `make_pe_core_backbone(class_token=False, dtype=..., seed=...)`."""

    def make(*, class_token: bool = True, dtype: torch.dtype | None = None, seed: int = 0) -> Backbone:
        from framecue.backbone import Backbone, hash_of_tensors
        from framecue.backbone.open_clip_layout import PeCoreSizes, pe_core_config
        from framecue.backbone.pe_core_model import PeCoreModel

        text = {"context_length": CONTEXT_LENGTH, "vocab_size": len(tiny_vocabulary)}
        config = pe_core_config(
            PeCoreSizes(32, 3, 4, 48, 8, class_token),
            image_size=IMAGE_SIZE,
            embedding_dim=20,
            text={**text, "width": 24, "heads": 3, "layers": 2},
        )
        model = randomise(PeCoreModel(config), seed=seed)
        return Backbone(
            model if dtype is None else model.to(dtype),
            name="tiny-pe-core",
            revision=hash_of_tensors(model.state_dict().items()),
            preprocess=Backbone.default_preprocess(model.config),
            tokenizer=tiny_tokenizer,
        )

    return make


@pytest.fixture
def backbone(make_backbone: Callable[..., Backbone]) -> Backbone:
    """A tiny backbone in float32, fresh for each test."""
    return make_backbone()


@pytest.fixture(scope="session")
def clip_folder(make_backbone: Callable[..., Backbone], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny CLIP, as `save_pretrained` writes it; a test that changes it takes a copy."""
    folder = tmp_path_factory.mktemp("models") / "tiny-clip"
    make_backbone().save(folder)
    return folder


@pytest.fixture(scope="session")
def make_siglip_backbone() -> Callable[..., Backbone]:
    """Makes tiny SigLIPs in memory: `make_siglip_backbone("siglip" or "siglip2", dtype=..., vision={...}, text={...})`.

    "siglip2" is NaFlex: SigLIP 2 at a fixed size is a SigLIP.
    """
    tokenizers = {"siglip": cache(make_siglip_tokenizer), "siglip2": cache(make_siglip2_tokenizer)}
    make_one = once(make_siglip)

    def make(family: str = "siglip", *, dtype: torch.dtype | None = None, **options: Any) -> Backbone:
        from framecue.backbone import Backbone, hash_of_tensors

        load = tokenizers[family]
        siglip = make_one(vocabulary=len(load()), naflex=family == "siglip2", **options)
        return Backbone(
            siglip if dtype is None else siglip.to(dtype),
            name=f"tiny-{family}",
            revision=hash_of_tensors(siglip.state_dict().items()),
            preprocess=Backbone.default_preprocess(siglip.config),
            tokenizer=load,
        )

    return make


@pytest.fixture(scope="session", params=["siglip", "siglip2"])
def siglip_folder(
    request: pytest.FixtureRequest,
    make_siglip_backbone: Callable[..., Backbone],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The folder of a tiny SigLIP, then of a tiny SigLIP 2; it is named after the family."""
    folder = tmp_path_factory.mktemp("models") / request.param
    make_siglip_backbone(request.param).save(folder)
    return folder


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put a package with entry points beside framecue, as `pip install` does; gone after the test.

    The function takes the package's name, its entry points as {group: {name: target}}, and the source of its module
    of the same name (None leaves the module out).
    """

    def install(package: str, entry_points: dict[str, dict[str, str]], source: str | None = "") -> Path:
        site = tmp_path / f"site-of-{package}"
        info = site / f"{package}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", encoding="utf-8")
        lines = [
            line
            for group, entries in entry_points.items()
            for line in (f"[{group}]", *(f"{name} = {target}" for name, target in entries.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        if source is not None:
            (site / f"{package}.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(str(site))
        # Noted before it is imported, so that it is taken out again.
        monkeypatch.setitem(sys.modules, package, None)
        del sys.modules[package]
        return site

    return install


@pytest.fixture(scope="session")
def videoprism_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video-text VideoPrism of 4 frames of 36 x 36 pixels and 12 text tokens."""
    import torch
    from transformers import AutoModel, VideoPrismConfig, VideoPrismTokenizer

    folder = tmp_path_factory.mktemp("embedders") / "videoprism"
    letters = [(letter, -5.0) for letter in ("▁", *"abcdefghijklmnopqrstuvwxyz.")]
    words = [(f"▁{word}", -1.0) for word in (*WORDS, ".")]
    tokenizer = VideoPrismTokenizer(
        vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *words, *letters], extra_ids=0
    )
    config = VideoPrismConfig(
        vision_config={
            **{"image_size": 36, "num_frames": 4, "tubelet_size": [1, 18, 18], "hidden_size": 24},
            **{"num_attention_heads": 4, "intermediate_size": 32, "num_spatial_layers": 2},
            **{"num_temporal_layers": 1, "num_auxiliary_layers": 1},
        },
        text_config={
            **{"vocab_size": len(tokenizer), "hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2},
            **{"num_attention_heads": 4, "max_position_embeddings": 12},
        },
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModel.from_config(config)
        for parameter in model.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    assert json.loads((folder / "config.json").read_text())["model_type"] == "videoprism"
    return folder

"""Learning a name: token embeddings at the input of a frozen text tower, told apart from a library's other moments.

Textual inversion (Gal et al., ICLR 2023) with the contrast that retrieval is about, as in PALAVRA (Cohen et al., ECCV
2022): sentences with the name are to be nearer to its examples than to other moments. The token is looked for among
what known words are (`word_space.py`), so that it goes together with other words.

Shapes: K examples, M other moments, T texts a step, N tokens a name, D the text tower's width, E the joint embedding's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method
from framecue.names.known_words import ACTIONS, THINGS
from framecue.names.stand_ins import Encode, choose_stand_ins, read_names
from framecue.names.taught import MOST_TOKENS, Lesson, TaughtTokens
from framecue.names.templates import ACTION_TEMPLATES, TEMPLATES, filled_in
from framecue.textual_inversion.encode import Tokenize, encode_by
from framecue.textual_inversion.inserted import inserted
from framecue.textual_inversion.word_space import WordSpace, ids_of_tokens, known_ids

__all__ = ["learn_tokens"]

NUM_STEPS = 50
TEXTS_A_STEP = 8
# Of Adam, in standard deviations of known words.
_RATE = 0.3
# Of the squared distance from the start, in the same unit.
_HOLD = 0.01
# Of the model's own inverse temperature: softer, few examples are not learnt by heart.
_SHARPNESS = 0.5
# What is not meant though it looks alike counts as much as this share of all other moments.
_UNLIKE_SHARE = 0.25
# Of the texts of a step, as many are those of the examples, where there are any.
_OWN_SHARE = 0.75
# Stands for the name while it is learnt: no template has it, whatever the name.
_PLACEHOLDER = "qzxjv"
_TEXTS_AT_ONCE = 64


def learn_tokens(
    method: Method,
    backbone: Backbone,
    tokenize: Tokenize,
    lesson: Lesson,
    on_step: Callable[[int, int], None] | None = None,
) -> TaughtTokens:
    """Learn token embeddings for a name, in a method's own forward pass; no weight changes.

    The same lesson gives the same tokens.

    Args:
        method: reads the texts.
        backbone: has the text tower.
        tokenize: turns texts into ids and a mask.
        lesson: what it is learnt from.
        on_step: called with (steps done, steps in all); what it raises ends the lesson.

    Raises:
        InputError: the lesson makes no sense: no example, vectors of another width, a coarse word of no token.
        ModelError: no word is one token for the tokenizer.
    """
    num_tokens = _checked(lesson, backbone.text.embedding_dim)
    with torch.inference_mode(False), torch.enable_grad():
        pupil = _Pupil(method, backbone, tokenize, lesson, num_tokens)
        vectors = pupil.learn(on_step)
    return TaughtTokens(lesson.name, vectors, pupil.stand_ins)


def _checked(lesson: Lesson, width: int) -> int:
    """Return how many tokens are learnt."""
    if not len(lesson.examples):
        raise InputError(f"{lesson.name!r} has no example; give at least one, better three")
    for what, vectors in (("examples", lesson.examples), ("others", lesson.others), ("unlike", lesson.unlike)):
        if vectors.ndim != 2 or vectors.shape[1] != width:
            raise InputError(f"{what} must be vectors of the model's width, (., {width}), got {vectors.shape}")
        if not np.isfinite(vectors).all():
            raise InputError(f"{what} have values that are no numbers")
    for _, number in lesson.texts:
        if not 0 <= number < len(lesson.examples):
            raise InputError(f"a text is of example {number}, and there are {len(lesson.examples)}, counted from 0")
    num_tokens = 1 if lesson.num_tokens is None else lesson.num_tokens
    if not 1 <= num_tokens <= MOST_TOKENS:
        raise InputError(f"num_tokens must be from 1 to {MOST_TOKENS}, got {num_tokens}")
    return num_tokens


@dataclass(frozen=True, eq=False)
class _Context:
    """A sentence with the name in it.

    Attributes:
        text: with a stand-in in the name's place.
        places: which of its tokens are the name's.
        example: the example that it is about; None for all of them.
    """

    text: str
    places: np.ndarray = field(repr=False)
    example: int | None


class _Pupil:
    """What is needed while one name is learnt."""

    def __init__(self, method: Method, backbone: Backbone, tokenize: Tokenize, lesson: Lesson, num_tokens: int) -> None:
        self.method, self.backbone, self.tokenize = method, backbone, tokenize
        self.lesson, self.num_tokens = lesson, num_tokens
        encode = encode_by(tokenize)
        self.stand_ins = choose_stand_ins(encode)
        self.device = backbone.text.token_embedding.weight.device
        self.examples = torch.from_numpy(np.ascontiguousarray(lesson.examples, dtype=np.float32)).to(self.device)
        negatives = np.concatenate([lesson.others, lesson.unlike]).astype(np.float32)
        self.negatives = torch.from_numpy(negatives).to(self.device)
        self.shift = torch.from_numpy(_shifts(len(lesson.others), len(lesson.unlike))).to(self.device)
        self.scale = _SHARPNESS * float(backbone.logit_scale.detach().float().exp())
        self.space, self.start, templates = self._known()
        self.about_all = self._contexts(encode, [(template, None) for template in templates])
        self.about_one = self._contexts(encode, lesson.texts)

    def learn(self, on_step: Callable[[int, int], None] | None) -> np.ndarray:
        """Return the vectors, float32 (N, D)."""
        rng = np.random.default_rng(self.lesson.seed)
        moved = torch.zeros(self.num_tokens, len(self.space.directions), requires_grad=True)
        optimiser = torch.optim.Adam([moved], lr=_RATE)
        for step in range(NUM_STEPS):
            optimiser.param_groups[0]["lr"] = _RATE * 0.5 * (1 + math.cos(math.pi * step / NUM_STEPS))
            loss = self._loss(self._drawn(rng), self._vectors(moved)) + _HOLD / 2 * moved.square().sum()
            # Of this alone: the weights are to have no gradients.
            (moved.grad,) = torch.autograd.grad(loss, [moved])
            optimiser.step()
            if on_step is not None:
                on_step(step + 1, NUM_STEPS)
        return np.ascontiguousarray(self._vectors(moved).detach().numpy())

    def _vectors(self, moved: Tensor) -> Tensor:
        return self.start + moved @ self.space.directions

    def _known(self) -> tuple[WordSpace, Tensor, Sequence[str]]:
        """Return the space of words of the name's kind, where the name starts, (N, D), and sentences for the kind."""
        table = self.backbone.text.token_embedding.weight.detach()
        kinds = {words: known_ids(self.tokenize, words, self.stand_ins) for words in (THINGS, ACTIONS)}
        coarse = self.lesson.coarse
        words = ACTIONS if coarse is not None and _is_action(coarse) else THINGS
        space = WordSpace.of_words(table, list(kinds[words].values()))
        if coarse is None:
            start = space.centre.expand(self.num_tokens, -1)
        else:
            ids = ids_of_tokens(self.tokenize, coarse, self.stand_ins)
            own = table[ids].cpu().float()
            start = own if len(own) == self.num_tokens else own.mean(dim=0).expand(self.num_tokens, -1)
        return space, start.clone(), ACTION_TEMPLATES if words is ACTIONS else TEMPLATES

    def _contexts(self, encode: Encode, texts: Sequence[tuple[str, int | None]]) -> list[_Context]:
        """Return texts as the tower reads them; those that it cuts before all of the name is there are left out."""
        width = self.backbone.text.token_embedding.embedding_dim
        name = TaughtTokens(_PLACEHOLDER, np.zeros((self.num_tokens, width), dtype=np.float32), self.stand_ins)
        found = []
        for text, example in texts:
            read = read_names(filled_in(text, _PLACEHOLDER), [name], encode)
            if read is not None and len(read.places) >= self.num_tokens:
                found.append(_Context(read.text, read.places, example))
        return found

    def _drawn(self, rng: np.random.Generator) -> list[_Context]:
        """Return the texts of a step."""
        num_own = round(_OWN_SHARE * TEXTS_A_STEP) if self.about_one else 0
        drawn = []
        for contexts, count in ((self.about_one, num_own), (self.about_all, TEXTS_A_STEP - num_own)):
            if count:
                chosen = rng.choice(len(contexts), size=count, replace=len(contexts) < count)
                drawn += [contexts[int(one)] for one in chosen]
        return drawn

    def _features(self, contexts: Sequence[_Context], vectors: Tensor) -> Tensor:
        """Return the unit features (T, E), float32, of texts with vectors (N, D) in the name's places."""
        ids, mask = self.tokenize([each.text for each in contexts])
        rows = np.concatenate([np.full(len(each.places), row) for row, each in enumerate(contexts)])
        which = np.concatenate([np.arange(len(each.places)) % self.num_tokens for each in contexts])
        with inserted(
            self.backbone.text.token_embedding,
            rows=torch.from_numpy(rows.astype(np.int64)),
            places=torch.from_numpy(np.concatenate([each.places for each in contexts]).astype(np.int64)),
            vectors=vectors[torch.from_numpy(which)],
            num_texts=len(contexts),
        ):
            features = self.method.encode_text(self.backbone, ids.to(self.device), mask.to(self.device))
        return functional.normalize((features if features.ndim == 2 else features[:, 0]).float(), dim=-1)

    def _loss(self, contexts: Sequence[_Context], vectors: Tensor) -> Tensor:
        """Return how much nearer other moments are to texts than the examples that these are about, a scalar."""
        texts = self._features(contexts, vectors)
        right = self.scale * texts @ self.examples.T
        if len(self.negatives):
            wrong = torch.logsumexp(self.scale * texts @ self.negatives.T + self.shift, dim=1, keepdim=True)
            costs = torch.logaddexp(right, wrong) - right
        else:  # a library of the examples alone
            costs = self.scale - right
        meant = torch.full_like(costs, 1 / len(self.examples))
        for row, each in enumerate(contexts):
            if each.example is not None:
                meant[row] = 0.0
                meant[row, each.example] = 1.0
        return (costs * meant).sum(dim=1).mean().cpu()


def _is_action(coarse: str) -> bool:
    """Whether a coarse word is what somebody does: "jumps", "jump", "jumping"."""
    word = coarse.casefold().split()[0] if coarse.split() else ""
    stems = {action.removesuffix("s") for action in ACTIONS}
    return word in ACTIONS or word.endswith("ing") and word.removesuffix("ing") in stems or word in stems - set(THINGS)


def _shifts(num_others: int, num_unlike: int) -> np.ndarray:
    """Return what is added to each negative's logit, float32 (M + U,): together the unlike weigh a share of the rest."""
    weight = max(1.0, _UNLIKE_SHARE * num_others / num_unlike) if num_unlike else 1.0
    return np.concatenate([np.zeros(num_others), np.full(num_unlike, math.log(weight))]).astype(np.float32)

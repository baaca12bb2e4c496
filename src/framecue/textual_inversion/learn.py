"""Learning a name: token embeddings at the input of a frozen text tower, told apart from a library's other moments.

Textual inversion (Gal et al., ICLR 2023) with the contrast that retrieval is about, as in PALAVRA (Cohen et al., ECCV
2022): sentences with the name are to be nearer to its examples than to other moments. The token is looked for among
what known words are (`word_space.py`), so that it goes together with other words.

Shapes: K examples, M other moments, T texts a step, N tokens a name, D the text tower's width, E the joint embedding's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method
from framecue.names.known_words import ACTIONS, THINGS, is_action
from framecue.names.stand_ins import choose_stand_ins
from framecue.names.taught import MOST_TOKENS, Lesson, TaughtTokens
from framecue.names.templates import ACTION_TEMPLATES, PLACE, TEMPLATES
from framecue.textual_inversion.contexts import Context, read_contexts
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
_SHARPNESS = 0.15
# What is not meant though it looks alike counts as much as this share of all other moments.
_UNLIKE_SHARE = 0.25
# Of the texts of a step, so many are what is known to be said of examples, where anything is.
_TOLD_SHARE = 0.5
# After so many steps it is looked again which of an example's texts fits it best.
_CHOSEN_FOR = 20
# Tokens that an example has of its own, so that the name need not tell what else it shows.
_COMPANIONS = 3
# Of how known words spread in a coordinate, by so much a companion moves in a step, and is off their mean at first.
_COMPANION_RATE = 0.4
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
        known = {words: known_ids(tokenize, words, self.stand_ins) for words in (THINGS, ACTIONS)}
        is_for_action = lesson.coarse is not None and is_action(lesson.coarse)
        kind, other = (ACTIONS, THINGS) if is_for_action else (THINGS, ACTIONS)
        table = backbone.text.token_embedding.weight.detach()
        self.space = WordSpace.of_words(table, list(known[kind].values()))
        self.around = WordSpace.of_words(table, list(known[other].values()))
        self.start = self._start(table)
        count = range(len(lesson.examples))
        templates = ACTION_TEMPLATES if is_for_action else TEMPLATES
        self.plain, self.told, self.beside = (
            read_contexts(encode, texts, stand_ins=self.stand_ins, num_tokens=num_tokens, num_companions=_COMPANIONS)
            for texts in (
                [(PLACE, example) for example in count],
                lesson.texts,
                [(text, example) for example in count for text in templates],
            )
        )

    def learn(self, on_step: Callable[[int, int], None] | None) -> np.ndarray:
        """Return the vectors, float32 (N, D)."""
        rng = np.random.default_rng(self.lesson.seed)
        moved = torch.zeros(self.num_tokens, len(self.space.directions), requires_grad=True)
        spread = float(self.around.directions.square().sum(dim=0).mean().sqrt())
        shape = (len(self.examples), _COMPANIONS, len(self.around.centre))
        noise = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32))
        companions = (self.around.centre + _COMPANION_RATE * spread * noise).requires_grad_()
        optimiser = torch.optim.Adam([{"params": [moved]}, {"params": [companions]}])
        fitting: list[Context] = []
        for step in range(NUM_STEPS):
            if step % _CHOSEN_FOR == 0:
                fitting = self._fitting(self._tokens(moved, companions).detach())
            left = 0.5 * (1 + math.cos(math.pi * step / NUM_STEPS))
            for group, rate in zip(optimiser.param_groups, (_RATE, _COMPANION_RATE * spread), strict=True):
                group["lr"] = left * rate
            costs = self._costs(self._drawn(rng, fitting), self._tokens(moved, companions))
            loss = costs.mean().cpu() + _HOLD / 2 * moved.square().sum()
            # Of these alone: the weights are to have no gradients.
            moved.grad, companions.grad = torch.autograd.grad(loss, [moved, companions], materialize_grads=True)
            optimiser.step()
            if on_step is not None:
                on_step(step + 1, NUM_STEPS)
        return np.ascontiguousarray(self._vectors(moved).detach().numpy())

    def _start(self, table: Tensor) -> Tensor:
        """Return where the name's tokens start, (N, D)."""
        if self.lesson.coarse is None:
            return self.space.centre.repeat(self.num_tokens, 1)
        own = table[ids_of_tokens(self.tokenize, self.lesson.coarse, self.stand_ins)].cpu().float()
        return own if len(own) == self.num_tokens else own.mean(dim=0).repeat(self.num_tokens, 1)

    def _vectors(self, moved: Tensor) -> Tensor:
        return self.start + moved @ self.space.directions

    def _tokens(self, moved: Tensor, companions: Tensor) -> Tensor:
        """Return for each example the name's tokens and its own, (K, N + C, D)."""
        return torch.cat([self._vectors(moved).expand(len(companions), -1, -1), companions], dim=1)

    @torch.no_grad()
    def _fitting(self, tokens: Tensor) -> list[Context]:
        """Return of each example the text that fits it best with tokens (K, N + C, D), if any fits.

        Of a caption that a model made, it is not known which word stands for what has the name; and what is said while
        something is seen need not be about it. So one has to fit better than the bare name.
        """
        best = {each.example: (cost, each) for each, cost in self._priced(self.plain, tokens)}
        for each, cost in self._priced(self.told, tokens):
            if each.example not in best or cost < best[each.example][0]:
                best[each.example] = (cost, each)
        return [each for _, each in best.values() if not any(each is plain for plain in self.plain)]

    def _priced(self, contexts: Sequence[Context], tokens: Tensor) -> Iterator[tuple[Context, float]]:
        """Yield any number of texts, each with its cost."""
        for start in range(0, len(contexts), _TEXTS_AT_ONCE):
            some = contexts[start : start + _TEXTS_AT_ONCE]
            yield from zip(some, self._costs(some, tokens).tolist(), strict=True)

    def _drawn(self, rng: np.random.Generator, fitting: Sequence[Context]) -> list[Context]:
        """Return the texts of a step."""
        num_told = round(_TOLD_SHARE * TEXTS_A_STEP) if fitting else 0
        drawn = []
        for contexts, count in ((fitting, num_told), (self.beside, TEXTS_A_STEP - num_told)):
            if count:
                chosen = rng.choice(len(contexts), size=count, replace=len(contexts) < count)
                drawn += [contexts[int(one)] for one in chosen]
        return drawn

    def _features(self, contexts: Sequence[Context], tokens: Tensor) -> Tensor:
        """Return the unit features (T, E), float32, of texts with the tokens (K, N + C, D) of their examples."""
        ids, mask = self.tokenize([each.text for each in contexts])
        rows = torch.tensor([row for row, each in enumerate(contexts) for _ in each.places])
        examples = torch.tensor([each.example for each in contexts])
        which = torch.from_numpy(np.concatenate([each.which for each in contexts]))
        with inserted(
            self.backbone.text.token_embedding,
            rows=rows,
            places=torch.from_numpy(np.concatenate([each.places for each in contexts])),
            vectors=tokens[examples[rows], which],
            num_texts=len(contexts),
        ):
            features = self.method.encode_text(self.backbone, ids.to(self.device), mask.to(self.device))
        return functional.normalize((features if features.ndim == 2 else features[:, 0]).float(), dim=-1)

    def _costs(self, contexts: Sequence[Context], tokens: Tensor) -> Tensor:
        """Return how much nearer other moments are to texts than the examples that these are about, (T,)."""
        texts = self._features(contexts, tokens)
        examples = self.examples[[each.example for each in contexts]]
        right = self.scale * (texts * examples).sum(dim=1)
        if not len(self.negatives):  # a library of the examples alone
            return self.scale - right
        wrong = torch.logsumexp(self.scale * texts @ self.negatives.T + self.shift, dim=1)
        return torch.logaddexp(right, wrong) - right


def _shifts(num_others: int, num_unlike: int) -> np.ndarray:
    """Return what is added to each negative's logit, float32 (M + U,): the unlike weigh a share of the rest."""
    weight = max(1.0, _UNLIKE_SHARE * num_others / num_unlike) if num_unlike else 1.0
    return np.concatenate([np.zeros(num_others), np.full(num_unlike, math.log(weight))]).astype(np.float32)

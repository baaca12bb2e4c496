"""Ordinary words whose token embeddings show where a text tower expects those of a thing, or of an action."""

from __future__ import annotations

import re

from framecue.names.templates import PLACE

__all__ = ["ACTIONS", "THINGS", "is_action", "places_tried"]

_THINGS = """
airplane angel ant apple arm artist avocado baby bag ball balloon banana band bank bar basket bat bath beach bear bed
bee bell bench bicycle bike bird board boat book bottle bowl box boy bread bridge broccoli brush building bull burger
bus butterfly cactus cake camera candle car card carrot cartoon castle cat chair cheese chef chick chicken child
church circle city clock cloud coat coffee computer cook couch couple cow crab crowd cup dancer deer desert desk
dinner dog doll door dragon dress drum duck eagle elephant engine face farm field fire fish flag flamingo flower food
forest fountain fox friend frog fruit game garden gate ghost gift giraffe girl glass goat gorilla guitar hall hammer
hand hat heart helicopter hill horse hospital hotel house ice island jacket judge jungle king kitchen knife ladder
lady ladybug lake lamp laptop leaf lemon library lion lizard machine man map mask microphone monkey moon motorcycle
mountain mouse mushroom museum ocean octopus office onion orange owl painting palace panda paper park parrot penguin
person phone piano picture pig pizza plant plate player pool potato puppet puppy queen rabbit radio restaurant ring
river road robot rock rocket roof room rope rose runner sailboat sandwich school screen sea shark sheep ship shirt
shoe shop singer snail snake snow sofa soldier soup spider stage stairs star statue storm strawberry street student
studio suitcase sun sunflower table tank teacher team temple tent tiger tomato tower town toy tractor train tree truck
turtle umbrella van village wall watch water waterfall watermelon whale wheel window wolf woman wood zebra
"""
_ACTIONS = """
appears bakes bends bites blows boils bounces breaks builds burns calls carries catches chases cheers chops circles
claps cleans climbs closes comes cooks cries cuts dances dives draws drinks drives drops eats explodes falls fights
flies floats folds goes grabs grows hides hits holds hugs jumps kicks kisses kneels knocks laughs leaves lies lifts
lights looks melts mixes moves opens paints plays points pours pulls pushes races reads rides rises rolls rotates runs
sails sells shakes shines shoots shouts shows shrinks sings sits skates skis sleeps slides smiles spins splashes
stands stirs stops surfs swims swings talks throws turns types vanishes waits walks washes waves wins works writes
"""

THINGS = tuple(_THINGS.split())
"""Things, people, animals and places: of each tokenizer, some are one token."""

ACTIONS = tuple(_ACTIONS.split())
"""What somebody or something does, as it stands behind who does it."""

_WORD = re.compile(r"[^\W\d_]+")


def is_action(words: str) -> bool:
    """Whether words are what somebody does, by the first of them: "jumps", "jump", "jumping up"."""
    word = next(iter(words.casefold().split()), "")
    stems = {action.removesuffix("s") for action in ACTIONS} - set(THINGS)
    return word in ACTIONS or word in stems or (word.endswith("ing") and word.removesuffix("ing") in stems)


def places_tried(text: str, *, for_action: bool = False) -> list[str]:
    """Return a text with a place for a name where one of its known words is, once for each such word.

    Whoever described something that has no name in his language took another word for it, and it is not known which.

    Args:
        text: a caption, say; one with a place already has no other.
        for_action: whether the name is for what somebody does.
    """
    known = ACTIONS if for_action else THINGS
    if PLACE in text:
        return []
    found = [match for match in _WORD.finditer(text) if match[0].casefold() in known]
    return [text[: match.start()] + PLACE + text[match.end() :] for match in found]

"""The words of films that are made here: sentences to be spoken and what they mean, titles, names of files.

A sentence is composed of who, what and when; a paraphrase of it says the same in other words. All of it is ordinary
English: what is measured is how words are found, not how rare words are heard. The
same generator gives the same words, so a seed stands for a set of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

__all__ = [
    "ACTIONS",
    "SUBJECTS",
    "Sentence",
    "absent_topics",
    "content_words",
    "draw_name",
    "draw_sentence",
    "draw_title",
    "plain",
    "vocabulary",
]

# Who, and the same in other words.
SUBJECTS = (
    ("my sister", "a sibling"),
    ("the teacher", "someone who works at a school"),
    ("our neighbor", "the person next door"),
    ("my uncle", "a relative"),
    ("the farmer", "somebody in agriculture"),
    ("the captain", "the commander of a ship"),
    ("the lawyer", "an attorney"),
    ("my boss", "a manager"),
    ("the soldier", "a member of the army"),
    ("the policeman", "an officer of the law"),
    ("my daughter", "a girl of the family"),
    ("the painter", "an artist"),
    ("my grandfather", "an old man of the family"),
    ("the driver", "a chauffeur"),
    ("my best friend", "a close companion"),
    ("the president", "the head of state"),
)
# What they did, and the same in other words.
ACTIONS = (
    ("signed the mortgage for a new home", "buying a house"),
    ("painted the kitchen yellow", "redecorating a room"),
    ("ordered a chocolate cake for the party", "a sweet dessert for guests"),
    ("repaired the engine of the car", "fixing a vehicle"),
    ("missed the last train to London", "arriving too late for the railway"),
    ("won the tennis match on Sunday", "a victory in sport"),
    ("lost the keys to the house", "being locked out at home"),
    ("planted tomatoes behind the garage", "growing vegetables"),
    ("borrowed ten books from the library", "taking out things to read"),
    ("broke a leg on the ice", "an injury in winter"),
    ("adopted a puppy from the shelter", "getting a new pet"),
    ("wrote a letter to the newspaper", "correspondence with the press"),
    ("played the piano at the wedding", "music at a marriage ceremony"),
    ("caught a huge fish in the river", "success at angling"),
    ("failed the math exam again", "bad grades at school"),
    ("opened a restaurant near the station", "starting a business that serves food"),
    ("sold the old car to a student", "getting rid of a used automobile"),
    ("traveled to Japan for two weeks", "a vacation in Asia"),
    ("watched a funny movie at home", "enjoying a comedy film"),
    ("planted flowers behind the church", "gardening near a place of worship"),
    ("went to the doctor with a headache", "a medical visit because of pain"),
    ("moved to a small apartment in Paris", "relocating to a flat in France"),
    ("gave a lecture about African music", "a talk on songs of a continent"),
    ("watched the stars from the roof", "astronomy at night"),
    ("climbed the highest mountain in Europe", "reaching an alpine summit"),
    ("cooked soup with carrots and potatoes", "preparing a vegetable meal"),
    ("stopped working for the bank", "resigning from employment in finance"),
    ("crashed the bicycle into a tree", "a cycling accident"),
    ("paid the bill with a credit card", "settling an account by plastic money"),
    ("found a golden ring on the street", "discovering jewelry that a stranger lost"),
    ("called the police after the robbery", "reporting a crime"),
    ("stopped the fire in the basement", "extinguishing flames"),
    ("taught the children to swim", "lessons in the pool"),
    ("collected fresh eggs from the chickens", "what farm birds lay"),
    ("lost control of the car in a storm", "an accident on the road in bad weather"),
    ("cleaned the plates after dinner", "washing up the dishes"),
    ("met a famous actor at the airport", "an encounter with a movie star"),
    ("built a table out of wood", "making furniture"),
    ("forgot the password for the computer", "trouble with logging in"),
    ("celebrated a birthday with candles", "turning a year older"),
    ("bought milk and bananas in the store", "shopping for groceries"),
    ("camped for a week in the forest", "a tent among the trees"),
    ("photographed a beautiful sunset", "a picture of the evening sky"),
    ("voted for the new mayor", "taking part in an election"),
    ("knitted a warm sweater for winter", "clothes made of wool"),
    ("spilled coffee on the carpet", "a mishap with a hot drink"),
    ("jumped over a fence on a horse", "an equestrian leap"),
    ("started to learn the Spanish language", "studying foreign words and grammar"),
    ("waited at the airport because of snow", "air travel disrupted by winter weather"),
    ("opened the Christmas presents", "unwrapping gifts in December"),
    ("won a million dollars", "sudden wealth by luck"),
    ("installed a shower in the bathroom", "plumbing work"),
    ("ordered a pizza with mushrooms", "Italian fast food"),
    ("finished the marathon in the rain", "a long distance race in wet weather"),
    ("visited a patient in the hospital", "going to see somebody who is ill"),
    ("stole apples from the garden", "theft of fruit"),
    ("invented a machine that cleans windows", "a new household robot"),
    ("read a story about dragons", "a tale of mythical creatures"),
    ("counted the money on the table", "adding up cash"),
    ("argued with the judge in court", "a quarrel before the law"),
)
_TIMES = (
    "yesterday",
    "last week",
    "this morning",
    "two years ago",
    "on Monday",
    "last summer",
    "in the end",
    "before lunch",
)
_FRAMES = (
    "{who} {what} {when}.",
    "{when} {who} {what}.",
    "I heard that {who} {what} {when}.",
    "Nobody believed that {who} {what}.",
    "They said that {who} {what} {when}.",
    "Everybody was happy when {who} {what}.",
    "It was a surprise that {who} {what}.",
    "We remember that {who} {what} {when}.",
)

_TITLE_FIRST = (
    *("Silent", "Golden", "Northern", "Modern", "Hidden", "Broken", "Royal", "Electric", "Ancient", "Crystal"),
    *("Frozen", "Secret", "Atlantic", "Digital", "Velvet", "Copper", "Lunar", "Double", "Quiet", "Winter"),
)
_TITLE_SECOND = (
    *("Harbor", "Festival", "Museum", "Orchestra", "Bridge", "Factory", "Journey", "Archive", "Theatre", "Valley"),
    *("Workshop", "Island", "Engine", "Gallery", "Castle", "Empire", "Station", "Signal", "Garden", "Market"),
)
_TITLE_FORMS = (
    "{first} {second}",
    "The {first} {second}",
    "{second} {number}",
    "Chapter {small}: {second}",
    "{first} {second} {year}",
    "LIVE: {first} {second}",
    "{second} of {place}",
    "Part {small} - {first} {second}",
)
_PLACES = (
    *("Vermont", "Lisbon", "Norway", "Madrid", "Berlin", "Kyoto", "Oregon", "Dublin", "Cairo", "Geneva"),
    *("Boston", "Naples", "Quebec", "Vienna", "Havana", "Sydney", "Athens", "Bergen", "Denver", "Prague"),
)
_OCCASIONS = (
    *("picnic", "graduation", "concert", "christening", "interview", "regatta", "barbecue", "reunion", "parade"),
    *("rehearsal", "lecture", "hike", "anniversary", "auction", "carnival"),
)
_PEOPLE = (
    *("Alice", "Benjamin", "Clara", "Dominic", "Elena", "Frederick", "Gloria", "Hannah", "Isaac", "Julia"),
    *("Katherine", "Leonard", "Martha", "Nathan", "Olivia", "Patrick", "Rebecca", "Samuel", "Theresa", "Victor"),
)
# What carries no meaning of its own in the sentences above.
_SMALL = {
    *("a", "an", "the", "of", "to", "in", "on", "at", "for", "from", "with", "and", "that", "it", "was", "when", "we"),
    *("they", "i", "my", "our", "by", "about", "into", "after", "before", "along", "through", "because", "behind"),
    *("near", "under", "last", "this", "two", "end", "again", "said"),
}


@dataclass(frozen=True)
class Sentence:
    """What somebody says.

    Attributes:
        text: as it is written, with a full stop.
        subject: which of `SUBJECTS` it is about.
        action: which of `ACTIONS` it tells.
    """

    text: str
    subject: int
    action: int

    @property
    def paraphrase(self) -> str:
        """The same in other words, without who did it only where nobody else did the same."""
        return f"{SUBJECTS[self.subject][1]}, {ACTIONS[self.action][1]}"

    @property
    def core(self) -> str:
        """Who and what, without when: a part of the text as it stands."""
        return f"{SUBJECTS[self.subject][0]} {ACTIONS[self.action][0]}"


def draw_sentence(rng: np.random.Generator, actions: tuple[int, ...]) -> Sentence:
    """Draw a sentence about one of some actions."""
    subject, action = int(rng.integers(len(SUBJECTS))), int(rng.choice(actions))
    who, what = SUBJECTS[subject][0], ACTIONS[action][0]
    text = str(rng.choice(_FRAMES)).format(who=who, what=what, when=rng.choice(_TIMES))
    return Sentence(text[0].upper() + text[1:], subject, action)


def draw_title(rng: np.random.Generator) -> str:
    """Draw a title of two to five words."""
    return str(rng.choice(_TITLE_FORMS)).format(
        first=rng.choice(_TITLE_FIRST),
        second=rng.choice(_TITLE_SECOND),
        place=rng.choice(_PLACES),
        number=rng.integers(12, 99),
        small=rng.integers(2, 10),
        year=rng.integers(1950, 2026),
    )


def draw_name(rng: np.random.Generator) -> tuple[str, str, str, str]:
    """Draw what the name of a file tells: the occasion, the place, a person and the year."""
    return (
        str(rng.choice(_OCCASIONS)),
        str(rng.choice(_PLACES)),
        str(rng.choice(_PEOPLE)),
        str(rng.integers(1990, 2026)),
    )


def absent_topics(rng: np.random.Generator, num_absent: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Divide the actions into those that films tell and those that none does."""
    order = [int(each) for each in rng.permutation(len(ACTIONS))]
    return tuple(sorted(order[num_absent:])), tuple(sorted(order[:num_absent]))


def plain(text: str) -> list[str]:
    """The words of a text in small letters, without signs."""
    return re.findall(r"[a-z0-9']+", text.lower())


def content_words(text: str) -> list[str]:
    """The words of a text that carry a meaning of their own, in small letters."""
    return [word for word in plain(text) if word not in _SMALL]


def vocabulary() -> set[str]:
    """Every word that can be spoken."""
    parts = [*(who for who, _ in SUBJECTS), *(what for what, _ in ACTIONS), *_TIMES, *_FRAMES]
    return set(plain(re.sub(r"\{\w+\}", " ", " ".join(parts))))

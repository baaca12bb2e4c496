from .kept import KeptStore as KeptStore
from .place import normal_uri as normal_uri
from .snapshot import Snapshot as Snapshot
from .store import Store as Store
from .texts import TextMatch as TextMatch
from .timed_texts import HeldText as HeldText
from .vectors import Match as Match
from .word_search import WordMatch as WordMatch

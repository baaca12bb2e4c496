from .export import Exported as Exported
from .export import timeline_of as timeline_of
from .export import write_hits as write_hits
from .formats import TIMELINE_FORMATS as TIMELINE_FORMATS
from .formats import TimelineFormat as TimelineFormat

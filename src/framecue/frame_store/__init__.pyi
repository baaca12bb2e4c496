from .layout import StoreOptions as StoreOptions
from .prepare import Prepared as Prepared
from .prepare import WantedVideo as WantedVideo
from .prepare import prepare_store as prepare_store
from .source import StoreFrameSource as StoreFrameSource

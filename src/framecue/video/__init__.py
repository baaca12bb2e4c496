"""Video files: which moments of them (pure arithmetic), reading those as RGB frames, and writing."""

from framecue.video.decode import Frames, VideoInfo, VideoReader, probe, read_frames
from framecue.video.packets import PacketIndex, read_packet_index
from framecue.video.sampling import FrameSampling
from framecue.video.source import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from framecue.video.write import write_video

__all__ = [
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "FrameSampling",
    "Frames",
    "PacketIndex",
    "VideoInfo",
    "VideoReader",
    "probe",
    "read_frames",
    "read_packet_index",
    "write_video",
]

"""Video files: which moments of them (pure arithmetic), reading those as RGB frames, and writing."""

from framecue.video.decode import Frames, VideoInfo, VideoReader, probe, read_frames
from framecue.video.isolated import STALL_SECONDS, IsolatedReader
from framecue.video.moments import Content, Moment, Progress, ReadOptions, ReadVideo, content_hash, read_moments
from framecue.video.packets import PacketIndex, read_packet_index
from framecue.video.sampling import FrameSampling
from framecue.video.segments import SEGMENTATION_KINDS, Segmentation
from framecue.video.source import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from framecue.video.write import write_video

__all__ = [
    "IMAGE_SUFFIXES",
    "SEGMENTATION_KINDS",
    "STALL_SECONDS",
    "VIDEO_SUFFIXES",
    "Content",
    "FrameSampling",
    "Frames",
    "IsolatedReader",
    "Moment",
    "PacketIndex",
    "Progress",
    "ReadOptions",
    "ReadVideo",
    "Segmentation",
    "VideoInfo",
    "VideoReader",
    "content_hash",
    "probe",
    "read_frames",
    "read_moments",
    "read_packet_index",
    "write_video",
]

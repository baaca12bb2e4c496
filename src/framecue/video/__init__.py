"""Video files: which moments of them (pure arithmetic), reading those as RGB frames, and writing."""

from framecue.video.cut import CLIP_SUFFIXES, Cut, clip_video
from framecue.video.decode import VideoInfo, VideoReader, probe, read_frames
from framecue.video.frames import Frames
from framecue.video.hit_name import format_hit, parse_hit
from framecue.video.isolated import STALL_SECONDS, IsolatedReader
from framecue.video.moments import Content, Moment, Progress, ReadOptions, ReadVideo, content_hash, read_moments
from framecue.video.packets import PacketIndex, read_packet_index
from framecue.video.sampling import FrameSampling
from framecue.video.segments import SEGMENTATION_KINDS, Segmentation
from framecue.video.source import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from framecue.video.write import write_video

__all__ = [
    "CLIP_SUFFIXES",
    "IMAGE_SUFFIXES",
    "SEGMENTATION_KINDS",
    "STALL_SECONDS",
    "VIDEO_SUFFIXES",
    "Content",
    "Cut",
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
    "clip_video",
    "content_hash",
    "format_hit",
    "parse_hit",
    "probe",
    "read_frames",
    "read_moments",
    "read_packet_index",
    "write_video",
]

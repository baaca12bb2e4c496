"""One file is one file: whatever it says, no other file is opened, and nothing on the network."""

import os
import socket
import struct

import av
import pytest
from av.format import ContainerFormat

from framecue.errors import VideoError
from framecue.video import FrameSampling, IsolatedReader, probe
from framecue.video.read.demuxers import DEMUXERS, is_playlist, is_text

ORDER = "is a playlist, not a video file; index the files that it names"

PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile {name}\nduration 1\n",
    "ffconcat of an address": "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.mp4\n",
    "concat without a head": "# all\nfile '{name}'\nfile '{name}'\n",
    "m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{name}\n#EXT-X-ENDLIST\n",
    "m3u8 of an address": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "master m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:{port}/low.m3u8\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "mpd": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT2S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" '
    'bandwidth="1"><BaseURL>{name}</BaseURL></Representation></AdaptationSet></Period></MPD>',
    "imf": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>',
    "smil": '<smil><body><video src="{name}"/></body></smil>',
    "smooth": '<SmoothStreamingMedia MajorVersion="2"></SmoothStreamingMedia>',
    "asx": '<ASX version="3.0"><Entry><Ref href="http://127.0.0.1:{port}/a.wmv"/></Entry></ASX>',
    "wpl": '<?wpl version="1.0"?><smil><body><seq><media src="{name}"/></seq></body></smil>',
    "xspf": '<?xml version="1.0"?><playlist version="1"><trackList/></playlist>',
    "pls": "[playlist]\nFile1={name}\nNumberOfEntries=1\n",
    "ref": "[Reference]\nRef1=http://127.0.0.1:{port}/a.asf?MSWMExt=.asf\n",
    "rtsp": "RTSPtext\nrtsp://127.0.0.1:{port}/a.mov\n",
    "ram": "http://127.0.0.1:{port}/a.rm\n",
    "quicktime": '<?xml version="1.0"?><?quicktime type="application/x-quicktime-media-link"?><embed src="{name}"/>',
    "vobsub": "# VobSub index file, v7 (do not modify this line!)\nid: en, index: 0\n",
}


@pytest.fixture
def beside(videos):
    """A playlist's folder, with a film beside it and a server on loopback that notes who calls."""
    film = videos.folder / "real.mp4"
    videos.encode(film, [videos.grey_frame(step) for step in range(4)])
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        yield film, server


def assert_untouched(film, server, before):
    assert film.stat().st_atime_ns == before
    with pytest.raises(BlockingIOError):
        server.accept()


def untouched(film):
    # Read before it was last changed, so that a disk that notes reading now and then notes the next one.
    os.utime(film, ns=(10**18, film.stat().st_mtime_ns))
    return film.stat().st_atime_ns


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8", ".sdp", ""])
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_nothing(beside, kind, suffix):
    film, server = beside
    path = film.with_name(f"list{suffix}")
    path.write_text(PLAYLISTS[kind].format(name=film.name, port=server.getsockname()[1]))
    before = untouched(film)
    with pytest.raises(VideoError) as caught:
        probe(path)
    assert caught.value.reason == ORDER
    assert_untouched(film, server, before)


def test_neither_does_one_that_is_given_as_bytes(beside):
    film, server = beside
    before = untouched(film)
    with IsolatedReader() as reader:
        for kind in ("ffconcat", "m3u8", "sdp", "mpd"):
            text = PLAYLISTS[kind].format(name=film, port=server.getsockname()[1])
            with pytest.raises(VideoError, match=ORDER):
                reader.read_frames(text.encode(), FrameSampling(2))
            with pytest.raises(VideoError, match=ORDER):
                reader.read_frames(text.encode("utf-16"), FrameSampling(2))
    assert_untouched(film, server, before)


def atom(kind, *parts):
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def test_a_film_whose_pictures_lie_in_another_file_has_none(beside):
    """QuickTime's data references."""
    film, server = beside
    content = film.read_bytes()
    url = str(film).encode() + b"\0"
    old = atom(b"dref", b"\0\0\0\0\0\0\0\1", atom(b"url ", b"\0\0\0\1"))
    new = atom(b"dref", b"\0\0\0\0\0\0\0\1", atom(b"url ", b"\0\0\0\0", url))
    assert content.count(old) == 1
    for name in (b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        at = content.index(name) - 4
        (size,) = struct.unpack(">I", content[at : at + 4])
        content = content[:at] + struct.pack(">I", size + len(new) - len(old)) + content[at + 4 :]
    content = content.replace(old, new)
    outside = film.with_name("outside.mov")
    mdat = content.index(b"mdat")
    outside.write_bytes(content[: mdat + 4] + b"\0" * (len(content) - mdat - 4))
    before = untouched(film)
    with pytest.raises(VideoError):
        probe(outside)
    assert_untouched(film, server, before)


@pytest.mark.parametrize("name", ["shot%03d.png", "shot*.png", "shot?.bmp", "{shot}.png", "[1].png", "shot%*.png"])
def test_a_name_that_could_mean_many_files_means_one(videos, name):
    from PIL import Image

    for number in range(3):
        Image.new("RGB", (16, 8)).save(videos.folder / f"shot{number:03}.png")
    path = videos.folder / name
    Image.new("RGB", (32, 24)).save(path)
    info = probe(path)
    assert (info.num_frames, info.width, info.height) == (1, 32, 24)


@pytest.mark.parametrize("text", ["hello\n" * 50, "// a comment\nint main() {}\n", "file systems are hard\n", "1\n2\n"])
def test_texts_that_are_no_playlists(videos, text):
    assert is_text(text.encode())
    assert not is_playlist(text.encode())
    path = videos.folder / "it.txt"
    path.write_text(text)
    with pytest.raises(VideoError, match="not a video file"):
        probe(path)


@pytest.mark.parametrize("content", [b"no picture", bytes(range(256)) * 9, b"\x89PNG\r\n\x1a\n" + bytes(99)])
@pytest.mark.parametrize("suffix", [".png", ".JPG", ".webp"])
def test_a_picture_that_is_none_says_so(videos, suffix, content):
    path = videos.folder / f"it{suffix}"
    path.write_bytes(content)
    with pytest.raises(VideoError, match="can be decoded"):
        probe(path)


def test_what_is_no_text():
    assert not is_text(bytes(range(256)))
    assert not is_text(b"")


REFERRING = (
    *("concat", "hls", "dash", "sdp", "rtp", "rtsp", "sap", "imf", "webm_dash_manifest", "vobsub", "image2"),
    *("image2pipe", "mlv", "lavfi", "alsa", "fbdev", "x11grab", "video4linux2,v4l2", "tty", "bin", "svg_pipe"),
    *("vapoursynth", "avisynth", "rawvideo", "ffmetadata", "smil", "mpjpeg", "dvdvideo"),
)


@pytest.mark.parametrize("name", REFERRING)
def test_readers_that_open_other_things_are_not_on_the_list(name):
    assert not set(name.split(",")) & set(DEMUXERS.split(","))


def test_what_is_on_the_list_is_a_name_of_ffmpegs():
    """Some builds lack a few; most of the list must be real, or a slip would go unnoticed."""
    missing = []
    for name in DEMUXERS.split(","):
        try:
            assert ContainerFormat(name, "r").is_input
        except ValueError:
            missing.append(name)
    assert len(missing) < 12, missing
    assert av.formats_available

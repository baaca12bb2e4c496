"""The folders that systems keep for themselves: bins, thumbnails, snapshots, what was found after a crash.

What is in them is not what a person put there: deleted files, previews of the videos beside them, earlier versions of
whole disks. Hidden folders (``.Trash-1000``, ``.Spotlight-V100``) are left out anyway.
"""

from __future__ import annotations

__all__ = ["is_system_folder"]

_NAMES = frozenset(
    name.casefold()
    for name in (
        # Synology, QNAP, Asustor, NetApp and the like.
        *("@eaDir", "@tmp", "@sharebin", "@sharesnap", "@SynoResource", "@__thumb", "@Transcode", "@optimized"),
        *("#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", "~snapshot", "Network Recycle Bin", "trashbox"),
        # Windows.
        *("$RECYCLE.BIN", "RECYCLER", "RECYCLED", "System Volume Information", "Config.Msi"),
        *("$WinREAgent", "$WINDOWS.~BT", "$WINDOWS.~WS", "$SysReset", "$GetCurrent", "$Extend"),
        # macOS.
        *("__MACOSX", "Network Trash Folder", "Temporary Items", "TheVolumeSettingsFolder"),
        # Linux.
        "lost+found",
    )
)
# Samba's earlier versions of a folder: @GMT-2024.05.31-18.00.00.
_BEGINNINGS = ("@gmt-", ".trash")


def is_system_folder(name: str) -> bool:
    """Whether a folder of this name, without those above it, is a system's own; upper and lower case are the same."""
    folded = name.casefold()
    return folded in _NAMES or folded.startswith(_BEGINNINGS)

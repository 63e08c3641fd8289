"""Numbers of bytes for people."""

from __future__ import annotations


def bytes_as_text(size: float) -> str:
    """``1.2 MB``: powers of 1000, as on disks and download pages."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"

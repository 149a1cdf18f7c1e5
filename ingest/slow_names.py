"""Which drops take long although they are small, as far as a name can tell."""

MEDIA = tuple(
    f".{name}".encode()
    for name in (
        *("jpg", "jpeg", "png", "tif", "tiff", "heic", "webp", "mp4", "mov", "m4v", "3gp", "mkv"),
        *("webm", "avi", "ts", "mts", "mpg", "h264", "h265", "dav", "flv", "wmv", "wav", "mp3"),
        *("aac", "m4a", "amr", "flac", "ogg", "wma"),
    )
)
"""Endings of names of what is looked at."""
DOCUMENTS = tuple(
    f".{name}".encode()
    for name in (
        *("pdf", "ofd", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "wps", "et", "dps"),
        *("rtf", "eml", "zip"),
    )
)
"""Endings of names of what a reader is asked about."""

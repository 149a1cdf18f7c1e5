"""What stops the work with media itself; what a file does never raises."""

from archive.errors import UsageError


class ProgramsMissing(UsageError):
    """There is no ffmpeg that can be used; one sentence in English and one in Chinese."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.english = english
        self.chinese = chinese

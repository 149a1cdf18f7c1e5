"""One picture that stands for a film: of twelve the most usual one, neither dark nor flat."""

from collections.abc import Sequence

from PIL import Image, ImageStat

from ingest.media.derive.drawing import jpeg
from ingest.media.derive.frames import frames
from ingest.media.derive.subject import Drawing, Subject

_SMALL = (64, 36)
_DARK, _BRIGHT, _FLAT = 20, 238, 10


def make(subject: Subject) -> Drawing | None:
    """The best frame as it is; None where nothing can be decoded."""
    found = [frame.picture for frame in frames(subject)]
    if not found:
        return None
    program, _ = subject.workshop.programs.required()
    return Drawing(jpeg(found[best_of(found)]), "jpg", program.sha256)


def best_of(pictures: Sequence[Image.Image]) -> int:
    """The place of the picture whose colours are nearest to the average of all good ones."""
    small = [picture.resize(_SMALL, Image.Resampling.BOX) for picture in pictures]
    good = [place for place, picture in enumerate(small) if _shows_something(picture)]
    places = good or [*range(len(small))]
    shapes = {place: small[place].histogram() for place in places}
    mean = [sum(values) / len(places) for values in zip(*shapes.values(), strict=True)]
    return min(places, key=lambda place: _distance(shapes[place], mean))


def _shows_something(picture: Image.Image) -> bool:
    grey = ImageStat.Stat(picture.convert("L"))
    return _DARK < grey.mean[0] < _BRIGHT and grey.stddev[0] > _FLAT


def _distance(one: Sequence[float], other: Sequence[float]) -> float:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))

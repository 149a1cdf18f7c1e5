"""All recipes: what each is called, for which records it is, and whether it is made at once.

A recipe whose pictures change gets a new version: `cunzheng derive` makes anew what an older one
made.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.media.derive import contact_sheet, document, picture, poster, proxy, sound
from ingest.media.derive.subject import Drawing, Subject

Make = Callable[[Subject], Drawing | None]
Asks = Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to make a derivative; the first one of a role that is `wanted` is taken.

    `types` are beginnings of media types. `at_once` says whether it is made behind the seal, or
    only when somebody asks.
    """

    role: str
    name: str
    types: tuple[str, ...]
    make: Make
    at_once: Asks = lambda _: True
    wanted: Asks = lambda _: True

    def suits(self, subject: Subject) -> bool:
        """Whether it is for this kind of file."""
        return subject.media_type.startswith(self.types) and self.wanted(subject)


_FILM, _SOUND = ("video/",), ("video/", "audio/")

RECIPES: tuple[Recipe, ...] = (
    Recipe("poster", "poster/1", _FILM, poster.make),
    Recipe("contact_sheet", "contact_sheet/1", _FILM, contact_sheet.make),
    Recipe("waveform", "waveform/1", _SOUND, sound.waveform),
    Recipe("spectrogram", "spectrogram/1", _SOUND, sound.spectrogram),
    Recipe("proxy", "proxy/1", _SOUND, proxy.make, at_once=proxy.at_once),
    Recipe("thumbnail", "photo/1", ("image/",), picture.make),
    Recipe("thumbnail", "pdf_page/1", (document.PDF,), document.first_page),
    Recipe(
        "thumbnail",
        "office_page/1",
        document.OFFICE,
        document.office_page,
        wanted=lambda _: document.office() is not None,
    ),
    Recipe(
        "preview",
        "docx_text/1",
        (document.DOCX,),
        document.text,
        wanted=lambda _: document.office() is None,
    ),
)


def recipes_for(subject: Subject) -> list[Recipe]:
    """Those that are for a record's kind."""
    return [recipe for recipe in RECIPES if recipe.suits(subject)]


def is_derived_from(media_type: str) -> bool:
    """Whether anything can be made of files of this type."""
    return any(media_type.startswith(recipe.types) for recipe in RECIPES)


def roles_of(media_type: str) -> list[str]:
    """What files of this type can have, in the order of the recipes."""
    found = [recipe.role for recipe in RECIPES if media_type.startswith(recipe.types)]
    return list(dict.fromkeys(found))

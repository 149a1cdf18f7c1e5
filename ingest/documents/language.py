"""The language of a text by shares of its letters: `zh`, `zh-Hant`, `en`, `mul`; None where unsure.

Only the first SAMPLE characters count.

* With kana or Hangul, one for twenty Chinese characters or more: None, it is Japanese or Korean.
* Three tenths of Chinese characters among all letters or more: Chinese. It is `zh-Hant` where
  characters that only the traditional script has are more than those that only the simplified has.
* Less, but at least eight: `mul` (several), for a foreign text with Chinese in it.
* Otherwise English, where the text has at least three of its commonest words.

    >>> language_of("当事人应当自收到本决定书之日起十五日内履行。")
    'zh'
"""

import re

SAMPLE = 1_000
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U000323af]+")
_KANA_OR_HANGUL = re.compile(r"[\u3040-\u30fa\u30fc-\u30ff\uac00-\ud7af]")
"""Without the dot between the parts of a name (・)."""
_FOREIGN = 0.05
_OTHER_LETTERS = re.compile(r"[^\W\d_\u3400-\u9fff]")
_SHARE = 0.3
_FEW = 8
_ENGLISH = (" the ", " of ", " and ", " to ", " in ", " for ")
_ENGLISH_WORDS = 3
_SIMPLIFIED = frozenset(
    "们这说国时会对发经过还进动种现实开关机门问间听车运输罚证据处书笔录记员单与为则"
    "违规应条从个无业产长东农张陈刘调查检验决执权责释诉讼议复织务广场见观认识让论设"
)
_TRADITIONAL = frozenset(
    "們這說國時會對發經過還進動種現實開關機門問間聽車運輸罰證據處書筆錄記員單與為則"
    "違規應條從個無業產長東農張陳劉調檢驗決執權責釋訴訟議復織務廣場見觀認識讓論設"
)
_ONLY_SIMPLIFIED, _ONLY_TRADITIONAL = _SIMPLIFIED - _TRADITIONAL, _TRADITIONAL - _SIMPLIFIED
_SCRIPT = 400
"""Characters by which the script is told."""


def language_of(text: str) -> str | None:
    """A BCP 47 tag, or None for what has too few words to tell."""
    sample = text[:SAMPLE]
    if sample.isascii():
        return _english(sample)
    han = sum(map(len, _HAN.findall(sample)))
    if not han:
        return _english(sample)
    if len(_KANA_OR_HANGUL.findall(sample)) >= _FOREIGN * han:
        return None  # Japanese or Korean, which have Chinese characters too
    others = len(_OTHER_LETTERS.findall(sample))
    if han >= _SHARE * (han + others):
        return "zh-Hant" if _is_traditional(sample) else "zh"
    return "mul" if han >= _FEW else _english(sample)


def _english(sample: str) -> str | None:
    return "en" if sum(map(sample.lower().count, _ENGLISH)) >= _ENGLISH_WORDS else None


def _is_traditional(sample: str) -> bool:
    there = set(sample[:_SCRIPT])
    return len(there & _ONLY_TRADITIONAL) > len(there & _ONLY_SIMPLIFIED)

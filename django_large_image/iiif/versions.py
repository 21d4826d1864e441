"""All that differs between the versions of the Image API, as data.

Sources: https://iiif.io/api/image/2.1/, https://iiif.io/api/image/3.0/ and their compliance
documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .features import Features

PROTOCOL = 'http://iiif.io/api/image'


@dataclass(frozen=True, slots=True)
class Version:
    """One version: its syntax, its levels of compliance and its words in info.json.

    `caret` is whether it takes ^ for a size to be larger than its region; `json_ld` info.json's
    media type where JSON-LD is asked for, or by default where the version `prefers_json_ld`;
    `contexts` whether those of extensions stand beside IIIF's.
    `levels` are what each level takes beyond the one before it, in the names of `features`;
    `words` what a feature is called here where that is another name; `properties` what rights and
    the like are called, '' where there is no such property.
    """

    name: str
    sizes: tuple[str, ...]
    caret: bool
    json_ld: str
    prefers_json_ld: bool
    levels: tuple[frozenset[str], ...]
    contexts: bool
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def context(self) -> str:
        """The URI of the JSON-LD context."""
        return f'{PROTOCOL}/{self.name}/context.json'

    def level(self, features: Features) -> int:
        """Return the highest level all of whose features, formats and qualities are on."""
        reached = -1
        for names in self.levels:
            if names & features.switched_off:
                break
            reached += 1
        return max(0, reached)

    def required(self, level: int) -> frozenset[str]:
        """Return all that a level takes."""
        return frozenset().union(*self.levels[: level + 1])

    def profile(self, features: Features) -> str:
        """Return the URI of the level that is reached, for info.json and the Link header."""
        return f'{PROTOCOL}/{self.name}/level{self.level(features)}.json'


_FORMS = ('max', 'w,', ',h', 'pct:n', 'w,h', '!w,h')


def _levels(*names: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(level.split()) for level in names)


VERSIONS: Mapping[str, Version] = {
    '2': Version(
        name='2',
        sizes=('full', *_FORMS),
        caret=False,
        json_ld='application/ld+json',
        prefers_json_ld=False,
        levels=_levels(
            'jpg',
            'regionByPx sizeByW sizeByH sizeByPct baseUriRedirect cors jsonldMediaType',
            'regionByPct sizeByConfinedWh sizeByWh rotationBy90s color gray bitonal png',
        ),
        contexts=False,
        words={
            'sizeByWh': ('sizeByDistortedWh', 'sizeByWh'),
            'sizeUpscaling': ('sizeAboveFull',),
        },
        properties={'rights': 'license'},
    ),
    '3': Version(
        name='3',
        sizes=_FORMS,
        caret=True,
        json_ld=f'application/ld+json;profile="{PROTOCOL}/3/context.json"',
        prefers_json_ld=True,
        levels=_levels(
            'jpg',
            'regionByPx regionSquare sizeByW sizeByH baseUriRedirect cors jsonldMediaType',
            'regionByPct sizeByPct sizeByConfinedWh sizeByWh rotationBy90s color gray png',
        ),
        contexts=True,
        # What has to be shown with an image stands in manifests since 3.0.
        properties={'license': 'rights', 'attribution': '', 'logo': ''},
    ),
}

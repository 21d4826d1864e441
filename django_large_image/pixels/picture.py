"""A finished picture: the pixels that an encoder writes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .softening import soften

MODES = {1: 'L', 2: 'LA', 3: 'RGB', 4: 'RGBA'}
RAW = 'RAW'

Color = tuple[int, int, int]
WHITE: Color = (255, 255, 255)
# Fewer pixels than these become one when the smallest sufficient level is shown smaller. Not many
# fewer are softened like these, which is faster.
_FEW, _NEARLY = 2, 1.8


@dataclass(frozen=True, eq=False)
class Picture:
    """Pixels ready to be encoded.

    `data` has the shape (height, width, channels). It is uint8, or uint16 (0-65535) or floating
    (0-1) where a style asked for it; the channels are those of `mode`: L, LA, RGB or RGBA. More
    channels than four (RAW) are samples for `npy`; as a picture the first three are shown.
    """

    data: NDArray[Any]
    mode: str

    @classmethod
    def from_array(cls, data: NDArray[Any]) -> Picture:
        """Wrap (height, width) or (height, width, 1-4) pixels, the mode following the channels."""
        if data.ndim == 2:
            data = data[:, :, np.newaxis]
        return cls(data, MODES.get(data.shape[2], RAW))

    @property
    def height(self) -> int:
        return int(self.data.shape[0])

    @property
    def width(self) -> int:
        return int(self.data.shape[1])

    @property
    def has_alpha(self) -> bool:
        return self.mode in ('LA', 'RGBA')

    @property
    def full(self) -> int:
        """The value of a fully lit or fully opaque channel."""
        return {'u1': 255, 'u2': 65535}.get(self.data.dtype.str[1:], 1)

    @property
    def displayable(self) -> Picture:
        """The picture itself, or the first three channels of a raw one."""
        return self if self.mode != RAW else Picture(self.data[:, :, :3], 'RGB')

    def to_uint8(self) -> Picture:
        """Return the same picture with 8 bits per channel."""
        if self.mode == RAW:
            return self.displayable.to_uint8()
        if self.data.dtype == np.uint8:
            return self
        if self.data.dtype == np.uint16:
            return Picture((self.data >> 8).astype(np.uint8), self.mode)
        scaled = np.nan_to_num(self.data) * (255 if self.data.dtype.kind == 'f' else 1)
        return Picture(np.clip(scaled, 0, 255).astype(np.uint8), self.mode)

    def to_rgba(self) -> Picture:
        """Return the same picture as RGBA, the sample type kept."""
        if self.mode in ('RGBA', RAW):
            return self if self.mode == 'RGBA' else self.displayable.to_rgba()
        colors = 1 if self.mode in ('L', 'LA') else 3
        data = np.empty((self.height, self.width, 4), self.data.dtype)
        data[:, :, :3] = self.data[:, :, :colors]
        data[:, :, 3] = self.data[:, :, -1] if self.has_alpha else self.full
        return Picture(data, 'RGBA')

    def to_rgb(self, background: Color = WHITE) -> Picture:
        """Return the picture as RGB, laid on a background (0-255 per channel)."""
        flat = self.flatten(background)
        if flat.mode == 'RGB':
            return flat
        return Picture(np.repeat(flat.data, 3, axis=2), 'RGB')

    def flatten(self, background: Color = WHITE) -> Picture:
        """Return the picture laid on a background, without alpha; grey stays grey on a grey one."""
        if not self.has_alpha:
            return self
        grey = self.mode == 'LA' and len(set(background)) == 1
        if self.mode == 'LA' and not grey:
            return self.to_rgba().flatten(background)
        behind = background[:1] if grey else background
        if self.data.dtype == np.uint8:
            return Picture(_over(np.ascontiguousarray(self.data), behind), self.mode[:-1])
        weight = self.data[:, :, -1:].astype(np.float32) / self.full
        bottom = np.array(behind, np.float32) * (self.full / 255)
        mixed = bottom + (self.data[:, :, :-1] - bottom) * weight
        if self.data.dtype.kind == 'u':
            mixed = np.rint(mixed)
        return Picture(mixed.astype(self.data.dtype), self.mode[:-1])

    def resize(self, width: int, height: int) -> Picture:
        """Return the picture at another size: averaged when smaller, Lanczos when larger.

        Transparent pixels do not bleed their colour into their neighbours.
        """
        if (width, height) == (self.width, self.height):
            return self
        blur = self.width / width, self.height / height
        how = cv2.INTER_AREA if min(blur) >= 1 else cv2.INTER_LANCZOS4
        source = self.data
        if self.has_alpha:
            source = weighted(source, self.full)
        elif source.dtype.itemsize > 2:
            source = source.astype(np.float32)
        if how == cv2.INTER_AREA and max(blur) < _FEW:
            # The same to the eye, in a third of the time.
            blur = (_FEW, _FEW) if min(blur) > _NEARLY else blur
            source, how = soften(source, blur), cv2.INTER_LINEAR
        data: NDArray[Any] = cv2.resize(
            np.ascontiguousarray(source), (width, height), interpolation=how
        ).reshape(height, width, -1)
        if self.has_alpha:
            data = unweighted(data, self.full, self.data.dtype)
        elif self.data.dtype.kind == 'u' and data.dtype != self.data.dtype:
            data = np.clip(np.rint(data), 0, self.full)
        return Picture(data.astype(self.data.dtype, copy=False), self.mode)


class IndexedPicture(Picture):
    """An 8-bit picture as indexes into a few colours, which PNG holds as they are.

    `pixels` has the shape (height, width), `colors` (2-256, 4); both are uint8. `mode` is RGB or
    RGBA. `data` is looked up when an encoder asks for it.
    """

    def __init__(
        self, pixels: NDArray[np.uint8], colors: NDArray[np.uint8], mode: str = 'RGBA'
    ) -> None:
        object.__setattr__(self, 'mode', mode)
        self.pixels = pixels
        self.colors = colors

    @cached_property
    def data(self) -> NDArray[Any]:
        """RGB or RGBA: the colour of every index."""
        packed = np.take(self.colors.view(np.uint32), self.pixels)
        data = packed.view(np.uint8).reshape(*self.pixels.shape, 4)
        return data if self.has_alpha else cv2.cvtColor(data, cv2.COLOR_RGBA2RGB)

    def to_uint8(self) -> Picture:
        return self

    def flatten(self, background: Color = WHITE) -> Picture:
        """Return the picture laid on a background: its colours are, once each."""
        if not self.has_alpha:
            return self
        colors = Picture(self.colors[np.newaxis], 'RGBA').flatten(background).to_rgba().data[0]
        return IndexedPicture(self.pixels, colors, 'RGB')


class BlankPicture(Picture):
    """A picture in which nothing is seen, whose bytes in a format are always the same."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__(np.zeros((height, width, 4), np.uint8), 'RGBA')


def weighted(data: NDArray[Any], full: int) -> NDArray[np.float32]:
    """Return pixels, alpha last, whose colours count as much as they are opaque.

    `full` is the alpha of an opaque pixel. So they can be mixed: nothing of what is transparent
    bleeds into its neighbours.
    """
    mixable = data.astype(np.float32)
    mixable[:, :, :-1] *= mixable[:, :, -1:] / full
    return mixable


def unweighted(data: NDArray[np.float32], full: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return what was made of `weighted` pixels as pixels of a type again."""
    alpha = np.clip(data[:, :, -1:], 0, full)
    weight = np.where(alpha > 0, full / np.maximum(alpha, 1e-6), 0)
    pixels = np.concatenate([data[:, :, :-1] * weight, alpha], axis=2)
    if dtype.kind == 'u':
        pixels = np.clip(np.rint(pixels), 0, full)
    return pixels.astype(dtype)


def is_hard(alpha: NDArray[Any]) -> bool:
    """Whether an 8-bit alpha channel or mask only shows and hides: it is 255 or 0 everywhere."""
    # 255 wraps round to 0, and 0 becomes 1.
    return bool((alpha + np.uint8(1)).max(initial=0) <= 1)


def _over(data: NDArray[np.uint8], background: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return 8-bit pixels, alpha last, laid on a background of one or three channels."""
    height, width, channels = data.shape
    alpha = cv2.extractChannel(data, channels - 1)
    if channels == 2:
        colors = cv2.extractChannel(data, 0)
    else:
        colors = cv2.cvtColor(data, cv2.COLOR_RGBA2RGB)
    behind = np.empty((height, width, channels - 1), np.uint8)
    # A line at a time, which numpy copies faster than pixels.
    behind[:] = np.tile(np.array(background, np.uint8), (width, 1))
    if is_hard(alpha):
        mixed = cv2.copyTo(colors, alpha, behind)
    else:
        if channels == 4:
            alpha = cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB)
        below = cv2.multiply(behind, cv2.bitwise_not(alpha), scale=1 / 255)
        mixed = cv2.add(cv2.multiply(colors, alpha, scale=1 / 255), below)
    return np.asarray(mixed, np.uint8).reshape(height, width, channels - 1)

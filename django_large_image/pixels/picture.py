"""A finished picture: the pixels that an encoder writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MODES = {1: 'L', 2: 'LA', 3: 'RGB', 4: 'RGBA'}
RAW = 'RAW'

Color = tuple[int, int, int]
WHITE: Color = (255, 255, 255)


@dataclass(frozen=True, slots=True, eq=False)
class Indexed:
    """The same pixels in fewer bytes, for encoders that can: 8-bit indexes into RGBA colours.

    `pixels` has the shape (height, width), `colors` (256, 4); both are uint8.
    """

    pixels: NDArray[np.uint8]
    colors: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels ready to be encoded.

    `data` has the shape (height, width, channels). It is uint8, or uint16 (0-65535) or floating
    (0-1) where a style asked for it; the channels are those of `mode`: L, LA, RGB or RGBA. More
    channels than four (RAW) are samples for `npy`; as a picture the first three are shown.
    """

    data: NDArray[Any]
    mode: str
    indexed: Indexed | None = None

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
        alpha = self.data[:, :, -1:]
        if (alpha == self.full).all():
            return Picture(np.ascontiguousarray(self.data[:, :, :-1]), self.mode[:-1])
        grey = self.mode == 'LA' and len(set(background)) == 1
        if self.mode == 'LA' and not grey:
            return self.to_rgba().flatten(background)
        behind = background[:1] if grey else background
        if self.data.dtype == np.uint8:
            return Picture(_over(np.ascontiguousarray(self.data), behind), self.mode[:-1])
        weight = alpha.astype(np.float32) / self.full
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
        smaller = width <= self.width and height <= self.height
        how = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
        source = self.data
        if source.dtype.itemsize > 2 or self.has_alpha:
            source = source.astype(np.float32)
        if self.has_alpha:
            source[:, :, :-1] *= source[:, :, -1:] / self.full
        data: NDArray[Any] = cv2.resize(
            np.ascontiguousarray(source), (width, height), interpolation=how
        ).reshape(height, width, -1)
        if self.has_alpha:
            alpha = np.clip(data[:, :, -1:], 0, self.full)
            weight = np.where(alpha > 0, self.full / np.maximum(alpha, 1e-6), 0)
            data = np.concatenate([data[:, :, :-1] * weight, alpha], axis=2)
        if self.data.dtype.kind == 'u' and data.dtype != self.data.dtype:
            data = np.clip(np.rint(data), 0, self.full)
        return Picture(data.astype(self.data.dtype, copy=False), self.mode)


def _over(data: NDArray[np.uint8], background: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return 8-bit pixels, alpha last, laid on a background of one or three channels."""
    channels = data.shape[2] - 1
    alpha = cv2.extractChannel(data, channels)
    # How much of the background shows through each value of alpha.
    through = np.rint(np.outer(255 - np.arange(256), background) / 255).astype(np.uint8)
    if channels == 1:
        colors = cv2.extractChannel(data, 0)
        behind = cv2.LUT(alpha, through)
    else:
        colors = cv2.cvtColor(data, cv2.COLOR_RGBA2RGB)
        alpha = cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB)
        behind = cv2.LUT(alpha, through.reshape(256, 1, 3))
    mixed = cv2.add(cv2.multiply(colors, alpha, scale=1 / 255), behind)
    return np.asarray(mixed, np.uint8).reshape(*data.shape[:2], channels)

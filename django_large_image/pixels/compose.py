"""Layers of one or more rasters laid over one another into a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from django_large_image.exceptions import StyleError

from .functions import StyleFunction, run
from .picture import BlankPicture, IndexedPicture, Picture, is_hard
from .ramp import Table, color_table, float_table, index
from .raster import Array, Mask, Raster
from .resolve import Frame, Layer

OutputType = Literal['uint8', 'uint16', 'float', 'source']
Rasters = Mapping[Frame, Raster]


def plain(raster: Raster, numbers: Sequence[int]) -> Picture:
    """Return one or three 8-bit bands as they are, the mask becoming alpha where it hides."""
    if raster.empty:
        return BlankPicture(raster.height, raster.width)
    chosen = raster.select(numbers)
    return with_mask(Picture.from_array(chosen.data), None if chosen.opaque else chosen.mask)


def compose(
    layers: Sequence[Layer],
    rasters: Rasters,
    *,
    dtype: OutputType | None = None,
    axis: int | None = None,
    functions: Sequence[StyleFunction] = (),
) -> Picture:
    """Return the picture of all layers in order.

    A transparent mask hides whatever the layers show, unless a layer reads the alpha band itself.
    """
    first = find_raster(rasters, layers[0].frame)
    mask = None if any(layer.alpha for layer in layers) else _common_mask(layers, rasters)
    dtype = _output_type(dtype, first)
    called = functions or any(layer.functions for layer in layers)
    if dtype is None and not called and not any(layer.multiply for layer in layers):
        if mask is not None and not mask.any():
            picture: Picture = BlankPicture(*mask.shape)
        elif len(layers) == 1:
            picture = _single(layers[0], rasters, mask)
        else:
            picture = _brightest(layers, rasters, mask)
        return picture if axis is None else _axis(picture.to_rgba(), axis)
    run(functions, 'pre', first.data, image=first.data)
    output: Array = _blend(layers, rasters)
    if mask is not None and output.shape[2] == 4:
        output[:, :, 3] *= mask.astype(np.float32) / 255
    output = run(functions, 'main', output, image=first.data)
    picture = Picture.from_array(_cast(output, dtype))
    picture = picture if axis is None else _axis(picture, axis)
    return Picture.from_array(run(functions, 'post', picture.data, image=first.data))


def with_mask(picture: Picture, mask: Mask | None) -> Picture:
    """Return the 8-bit picture with its alpha scaled by a mask (0-255), or as it is without one."""
    if mask is None:
        return picture
    if picture.has_alpha:
        data = np.ascontiguousarray(picture.data)
        _scale_alpha(data, mask)
        return Picture(data, picture.mode)
    if picture.mode == 'RGB':
        data = cv2.cvtColor(np.ascontiguousarray(picture.data), cv2.COLOR_RGB2RGBA)
        cv2.insertChannel(mask, data, 3)
        return Picture(data, 'RGBA')
    return Picture(cv2.merge([picture.data, mask]), 'LA')


def find_raster(rasters: Rasters, frame: Frame) -> Raster:
    """Return the raster of a frame; StyleError if it was not read."""
    if frame in rasters:
        return rasters[frame]
    other = None if frame == 0 else 0
    if not frame and other in rasters:
        return rasters[other]
    raise StyleError(f'There is no frame {frame}.')


def _single(layer: Layer, rasters: Rasters, mask: Mask | None) -> Picture:
    where, colors = _look_up(layer, rasters)
    if colors.grey is None:
        indexed = _indexed(where, colors, mask)
        return indexed or _finish(_pixels(where, colors), mask, opaque=colors.opaque)
    data = np.take(colors.grey, where)
    if colors.opaque:
        return with_mask(Picture.from_array(data), mask)
    return with_mask(Picture(data.view(np.uint8).reshape(*where.shape, 2), 'LA'), mask)


def _indexed(where: Array, table: Table, mask: Mask | None) -> IndexedPicture | None:
    """Return the picture in few colours, if there is one among them for what the mask hides."""
    if table.quantized is None or not (mask is None or is_hard(mask)):
        return None
    colors = table.quantized.colors
    pixels = where if table.quantized.indexes is None else np.take(table.quantized.indexes, where)
    if mask is None:
        return IndexedPicture(pixels, colors, 'RGB' if table.opaque else 'RGBA')
    free = np.flatnonzero(colors[:, 3] == 0)
    if not free.size:
        # The samples beneath the mask do not count: they are not shown.
        free = np.flatnonzero(np.bincount(pixels[mask > 0], minlength=len(colors)) == 0)
        if not free.size:
            return None
        colors = colors.copy()
        colors[free[0]] = 0
    output = np.full(pixels.shape, free[0], np.uint8)
    cv2.copyTo(np.ascontiguousarray(pixels), mask, output)
    return IndexedPicture(output, colors)


def _brightest(layers: Sequence[Layer], rasters: Rasters, mask: Mask | None) -> Picture:
    where, colors = _look_up(layers[0], rasters)
    output = _pixels(where, colors)
    opaque = colors.opaque
    for layer in layers[1:]:
        where, colors = _look_up(layer, rasters)
        np.maximum(output, _fit(_pixels(where, colors), output), out=output)
        opaque = opaque or colors.opaque
    return _finish(output, mask, opaque=opaque)


def _blend(layers: Sequence[Layer], rasters: Rasters) -> Array:
    output: Array | None = None
    for layer in layers:
        pixels = (
            _called_pixels(layer, rasters) if layer.functions else _float_pixels(layer, rasters)
        )
        if output is None:
            # There is nothing yet that a first layer could scale.
            output = np.zeros_like(pixels) if layer.multiply else pixels
        elif layer.multiply:
            output = output * (_fit(pixels, output) / 255)
        else:
            output = np.maximum(output, _fit(pixels, output))
        output = run(layer.functions, 'postband', output, **_known(layer, rasters))
    return np.zeros((0, 0, 4), np.float32) if output is None else output


def _called_pixels(layer: Layer, rasters: Rasters) -> NDArray[np.float32]:
    """Return what `_float_pixels` does, step by step, for the functions that stand between."""
    known = _known(layer, rasters)
    samples = run(layer.functions, 'preband', samples_of(layer, rasters), **known)
    positions = layer.ramp.scale(samples)
    valid = layer.ramp.valid(samples, positions)
    positions = run(layer.functions, 'band', positions, **known)
    colors = layer.ramp.colors(np.nan_to_num(positions)).astype(np.float32)
    if valid is not None:
        colors[~valid] = 255 if layer.multiply else 0
    return colors


def _known(layer: Layer, rasters: Rasters) -> dict[str, Any]:
    image = find_raster(rasters, layer.frame).data
    return {'image': image, 'frame': layer.frame, 'band': layer.number}


def _pixels(where: Array, colors: Table) -> NDArray[np.uint8]:
    return np.take(colors.packed, where).view(np.uint8).reshape(*where.shape, 4)


def _float_pixels(layer: Layer, rasters: Rasters) -> NDArray[np.float32]:
    where, kind = index(layer.ramp, samples_of(layer, rasters))
    colors = float_table(layer.ramp, kind, 255 if layer.multiply else 0)
    return np.take(colors, where, axis=0)


def _look_up(layer: Layer, rasters: Rasters) -> tuple[Array, Table]:
    where, kind = index(layer.ramp, samples_of(layer, rasters))
    return where, color_table(layer.ramp, kind)


def samples_of(layer: Layer, rasters: Rasters) -> Array:
    """Return the samples (height, width) that a layer shows; its raster's mask if that is alpha."""
    raster = find_raster(rasters, layer.frame)
    if layer.number in raster.numbers or not layer.alpha:
        return raster.band(layer.number)
    if raster.mask is None:
        mask = np.full((raster.height, raster.width), 255, np.uint8)
    else:
        mask = raster.mask
    return mask.astype(np.uint16) * 257 if raster.dtype == np.uint16 else mask


def _finish(data: NDArray[np.uint8], mask: Mask | None, *, opaque: bool) -> Picture:
    """Return RGBA pixels under a mask, without alpha if it would say nothing."""
    if mask is None:
        return (
            Picture(cv2.cvtColor(data, cv2.COLOR_RGBA2RGB), 'RGB')
            if opaque
            else Picture(data, 'RGBA')
        )
    if opaque:
        cv2.insertChannel(mask, data, 3)
    else:
        _scale_alpha(data, mask)
    return Picture(data, 'RGBA')


def _scale_alpha(data: NDArray[np.uint8], mask: Mask) -> None:
    """Scale the last channel in place."""
    last = data.shape[2] - 1
    alpha = cv2.extractChannel(data, last)
    cv2.insertChannel(cv2.multiply(alpha, mask, scale=1 / 255), data, last)


def _common_mask(layers: Sequence[Layer], rasters: Rasters) -> Mask | None:
    """Return what any of the layers' rasters shows."""
    common: Mask | None = None
    for frame in dict.fromkeys(layer.frame for layer in layers):
        raster = find_raster(rasters, frame)
        if raster.mask is None or raster.opaque:
            return None
        mask = raster.mask
        common = mask if common is None else np.maximum(common, _fit(mask, common))
    return common


def _fit(array: NDArray[Any], model: NDArray[Any]) -> NDArray[Any]:
    """Return the array cut or padded with nothing to the height and width of another."""
    height, width = model.shape[:2]
    if array.shape[:2] == (height, width):
        return array
    fitted = np.zeros((height, width, *array.shape[2:]), array.dtype)
    cut = array[:height, :width]
    fitted[: cut.shape[0], : cut.shape[1]] = cut
    return fitted


def _output_type(dtype: OutputType | None, raster: Raster) -> OutputType | None:
    if dtype != 'source':
        return dtype
    if raster.dtype == np.uint16:
        return 'uint16'
    return 'float' if raster.dtype.kind == 'f' else None


def _cast(output: Array, dtype: OutputType | None) -> NDArray[Any]:
    if dtype == 'float':
        return output.astype(np.float32, copy=False) / np.float32(255)
    if dtype == 'uint16':
        return (np.clip(output, 0, 255) * (65535 / 255)).astype(np.uint16)
    return np.clip(output, 0, 255).astype(np.uint8)


def _axis(picture: Picture, axis: int) -> Picture:
    if not 0 <= axis < picture.data.shape[2]:
        return picture
    return Picture(picture.data[:, :, axis : axis + 1], 'L')

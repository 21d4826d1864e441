"""Tiles, regions, pixels and viewers of large images, from one mixin on a DRF viewset."""

__version__ = '1.0.0.dev0'

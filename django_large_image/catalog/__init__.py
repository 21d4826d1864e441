"""Catalogues of rasters that are found by keys, by place and by time."""

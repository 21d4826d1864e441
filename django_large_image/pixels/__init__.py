"""Pixels: numpy in, numpy or bytes out. Nothing here knows Django or GDAL."""

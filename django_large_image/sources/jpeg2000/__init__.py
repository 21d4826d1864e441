"""JPEG 2000 as OpenJPEG reads it over the network: of each file what a resolution needs."""

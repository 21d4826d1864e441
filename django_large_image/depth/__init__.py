"""Depth images: measured logs, a row per depth, kept in the database and shown between depths."""

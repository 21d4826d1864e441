"""A Django project as small as they get: one model, one viewset with permission and lookup.

It runs on this package and, unchanged, on django-large-image 0.10. `benchmarks/` is on the path,
the top of the repository is not.
"""

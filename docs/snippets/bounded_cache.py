CACHES = {
    'default': {
        'BACKEND': 'django_large_image.backends.BoundedLocMemCache',
        'OPTIONS': {'MAX_BYTES': 256 * 1024 * 1024},
    },
}

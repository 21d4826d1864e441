"""A small project: what the pages show, and what Django wants anyhow."""

SECRET_KEY = 'change me'
ROOT_URLCONF = 'urls'
USE_TZ = True
STATIC_URL = '/static/'
MEDIA_URL = '/media/'
ALLOWED_HOSTS = ['*']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': ':memory:'}}
DEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'
MIDDLEWARE = [
    'django.contrib.sessions.middleware.SessionMiddleware',
    'django.contrib.auth.middleware.AuthenticationMiddleware',
    'django.contrib.messages.middleware.MessageMiddleware',
]
TEMPLATES = [
    {
        'BACKEND': 'django.template.backends.django.DjangoTemplates',
        'DIRS': [__file__.replace('settings.py', 'templates')],
        'APP_DIRS': True,
        'OPTIONS': {
            'context_processors': [
                'django.template.context_processors.request',
                'django.contrib.auth.context_processors.auth',
                'django.contrib.messages.context_processors.messages',
            ],
        },
    },
]
SWAGGER_USE_COMPAT_RENDERERS = False

# [apps]
INSTALLED_APPS = [
    'django.contrib.admin',
    'django.contrib.auth',
    'django.contrib.contenttypes',
    'django.contrib.messages',
    'django.contrib.sessions',
    'django.contrib.staticfiles',
    'rest_framework',
    'drf_yasg',
    'django_large_image',
    'gallery',
]
# [/apps]

# [large-image]
CACHES = {
    'default': {'BACKEND': 'django.core.cache.backends.locmem.LocMemCache'},
    'tiles': {
        'BACKEND': 'django.core.cache.backends.filebased.FileBasedCache',
        'LOCATION': '/var/tmp/tiles',
    },
}

LARGE_IMAGE = {
    'CACHE_NAME': 'tiles',
    'TILE_CACHE_TIMEOUT': 24 * 3600,
    'MAX_OUTPUT_PIXELS': 2048 * 2048,
    'CESIUM_URL': '/static/cesium/',
}
# [/large-image]

"""Package-level URLs: `path('', include('django_large_image.urls'))`."""

from django.urls import path

from django_large_image import rest

urlpatterns = [
    path('api/large-image/sources', rest.ListTileSourcesView.as_view(), name='large-image-sources'),
    path(
        'api/large-image/colormaps', rest.ListColormapsView.as_view(), name='large-image-colormaps'
    ),
    path(
        'api/large-image/formats',
        rest.ListAvailableFormatsView.as_view(),
        name='large-image-formats',
    ),
    path('api/large-image/settings', rest.SettingsView.as_view(), name='large-image-settings'),
]

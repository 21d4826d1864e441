from django.urls import include, path
from rest_framework.permissions import IsAuthenticated

from django_large_image.depth.urls import patterns

urlpatterns = [
    path('depth/', include(patterns(permission_classes=[IsAuthenticated]))),
    path('', include('django_large_image.urls')),
]

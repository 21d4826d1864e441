from django.contrib import admin
from django.urls import include, path
from gallery.viewsets import ImageViewSet
from rest_framework.routers import DefaultRouter

router = DefaultRouter()
router.register('images', ImageViewSet, basename='image')

urlpatterns = [
    path('api/', include(router.urls)),
    path('', include('django_large_image.urls')),
    path('admin/', admin.site.urls),
]

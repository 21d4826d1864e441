from django.urls import path, re_path
from drf_yasg import openapi
from drf_yasg.views import get_schema_view
from rest_framework.permissions import AllowAny

schema = get_schema_view(
    openapi.Info(title='Images', default_version='v1'),
    public=True,
    permission_classes=[AllowAny],
)

urlpatterns = [
    path('swagger/', schema.with_ui('swagger')),
    path('redoc/', schema.with_ui('redoc')),
    re_path(r'^swagger\.(?P<format>json|yaml)$', schema.without_ui()),
]

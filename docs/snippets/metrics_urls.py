from django.urls import path

from django_large_image.rest import MetricsView

urlpatterns = [path('metrics', MetricsView.as_view())]

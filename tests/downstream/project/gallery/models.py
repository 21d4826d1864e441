from __future__ import annotations

from django.db import models
from rest_framework import serializers


class ImageFile(models.Model):
    name = models.TextField()
    file = models.FileField()

    def __str__(self) -> str:
        return self.name


class ImageFileSerializer(serializers.ModelSerializer):
    class Meta:
        model = ImageFile
        fields = '__all__'


class URLImageFile(models.Model):
    name = models.TextField()
    url = models.TextField()

    def __str__(self) -> str:
        return self.name


class URLImageFileSerializer(serializers.ModelSerializer):
    class Meta:
        model = URLImageFile
        fields = '__all__'

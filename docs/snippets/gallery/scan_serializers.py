from rest_framework import serializers

from django_large_image.storage.checksums import validate_checksum
from gallery.scans import Scan


class ScanSerializer(serializers.ModelSerializer):
    class Meta:
        model = Scan
        fields = ('file', 'sha256')

    def validate(self, attrs):
        if attrs.get('sha256') and attrs.get('file'):
            validate_checksum(attrs['file'], attrs['sha256'])
        return attrs

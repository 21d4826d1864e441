from django.db import models


class Image(models.Model):
    name = models.CharField(max_length=100)
    file = models.FileField(upload_to='images')

    def __str__(self) -> str:
        return self.name

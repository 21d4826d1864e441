from __future__ import annotations

from django.db import migrations

import core.fields
import core.models


class Migration(migrations.Migration):
    dependencies = [('core', '0001_initial')]

    operations = [
        migrations.AlterField(
            model_name='imagefile',
            name='file',
            field=core.fields.UploadField(upload_to=core.models.upload_path),
        ),
    ]

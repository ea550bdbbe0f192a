"""The newest entries of the mock provider's books are found without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0005_daily_figures"),
    ]

    operations = [
        migrations.AlterField(
            model_name="mockledgerentry",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, db_index=True),
        ),
    ]

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0006_names_and_addresses"),
    ]

    operations = [
        migrations.AlterField(
            model_name="application",
            name="fee",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="applications",
                to="members.membershipfee",
                verbose_name="cotisation",
            ),
        ),
        migrations.AddField(
            model_name="application",
            name="letter",
            # The key of a row of the mail library we had then.
            field=models.BigIntegerField(db_column="letter_id", editable=False, null=True, unique=True),
        ),
    ]

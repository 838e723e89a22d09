import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("members", "0006_names_and_addresses"),
        ("post_office", "0014_alter_email_recipient_delivery_status_and_more"),
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
            field=models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="about_application",
                to="post_office.email",
            ),
        ),
    ]

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0002_life_of_a_registration")]

    operations = [
        migrations.AddField(
            model_name="sessionday", name="uid", field=models.CharField(editable=False, max_length=60, null=True)
        ),
        migrations.AddField(model_name="registration", name="told", field=models.JSONField(editable=False, null=True)),
        migrations.AddField(
            model_name="trainingsession",
            name="decision_days",
            field=models.PositiveSmallIntegerField(
                default=7,
                help_text="Sans date limite d’inscription : ce jour-là, sous son minimum de participants, la session est à maintenir, à reporter ou à annuler.",
                validators=[
                    django.core.validators.MinValueValidator(1),
                    django.core.validators.MaxValueValidator(365),
                ],
                verbose_name="décision à prendre, en jours avant la session",
            ),
        ),
        migrations.CreateModel(
            name="RemovedDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uid", models.CharField(editable=False, max_length=60, unique=True)),
                ("date", models.DateField(verbose_name="date")),
                ("starts_at", models.TimeField(verbose_name="début")),
                ("ends_at", models.TimeField(null=True, verbose_name="fin")),
                ("removed_at", models.DateTimeField(auto_now_add=True, verbose_name="supprimée le")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="removed_days",
                        to="sessions_app.trainingsession",
                        verbose_name="session",
                    ),
                ),
            ],
            options={
                "verbose_name": "journée supprimée",
                "verbose_name_plural": "journées supprimées",
                "ordering": ("date", "pk"),
            },
        ),
        migrations.RemoveConstraint(model_name="sessionday", name="day_ends_after_it_starts"),
    ]

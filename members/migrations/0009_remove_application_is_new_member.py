from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("members", "0008_take_back_unchecked_claims")]

    operations = [migrations.RemoveField(model_name="application", name="is_new_member")]

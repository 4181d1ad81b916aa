"""A session of PostgreSQL plans once what it is often asked."""

import pytest
from django.db import connection

from vault.models import Submission


@pytest.mark.django_db
def test_a_statement_is_planned_once_whatever_its_values_are() -> None:
    for sequence in range(1, 5):
        Submission.objects.filter(sequence=sequence, model_name="planned once").exists()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement FROM pg_prepared_statements"
            " WHERE statement LIKE 'SELECT%model_name\" = $%LIMIT%'"
        )
        ((statement,),) = cursor.fetchall()
    assert "planned once" not in statement

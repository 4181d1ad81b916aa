"""What a round can guarantee before it is planned: `manage.py plan_round`."""

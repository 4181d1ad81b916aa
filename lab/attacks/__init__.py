"""Attacks on release mechanisms, played in memory: `manage.py simulate`."""

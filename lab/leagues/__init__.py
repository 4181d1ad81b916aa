"""Made-up rounds on which the judge is measured: `manage.py calibrate`."""

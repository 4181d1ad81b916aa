"""The year's time: every process of the installation reads it here."""

import datetime as dt


class Clock:
    def __init__(self, *, at: dt.datetime) -> None:
        self.at = at

    def __call__(self) -> dt.datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += dt.timedelta(**by)

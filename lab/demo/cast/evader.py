"""The evader: the booster's file, handed in as the only file of a clean account."""

from lab.demo.desk import Desk, Predictions


def play(*, desk: Desk, stolen: Predictions) -> Predictions:
    ticket = desk.submit(predictions=stolen)
    desk.answer(ticket=ticket)
    desk.declare_final(ticket=ticket)
    return stolen

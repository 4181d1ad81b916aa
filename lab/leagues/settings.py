"""The lines of the study of the single test: which team, how many files, how many items."""

from functools import partial

from lab.leagues import players, probabilities, size
from lab.leagues.players import Player
from lab.leagues.size import Setting


def _setting(
    name: str,
    player: Player,
    k: int,
    n: int = 2000,
    m: int = 4000,
    *,
    reps: int = 2000,
    shift: float = 0.0,
    adaptive: bool = False,
) -> Setting:
    play = partial(size.honest, player=player, k=k, n=n, m=m, shift=shift)
    text = f"{name}, k={k}, n={n}, m={m}"
    return Setting(name=text, play=play, reps=reps, adaptive=adaptive)


SETTINGS: list[Setting] = [
    _setting("improving", players.improving, 20),
    _setting("improving", players.improving, 100),
    _setting("improving", players.improving, 300, 3000, 6000, reps=400),
    _setting("improving", players.improving, 2000, reps=300),
    _setting("improving, m=n/2", players.improving, 20, 2000, 1000),
    _setting("improving, m=4n", players.improving, 20, 1000, 4000),
    _setting("seeds", players.seeds, 100),
    _setting("seeds, m=n/2", players.seeds, 100, 2000, 1000),
    _setting("seeds, m=4n", players.seeds, 100, 1000, 4000),
    _setting("seeds", players.seeds, 2000, reps=300),
    _setting("weak first", players.weak_first, 20),
    _setting("two families, m=n/2", players.two_families, 20, 2000, 1000),
    _setting("ties", size.ties, 30),
    _setting("odd first file", size.odd_first, 20),
    _setting("half decoys", size.decoys, 60),
    Setting(
        name="single file, n=2000, m=4000",
        play=partial(size.clean_account, n=2000, m=4000),
        reps=2000,
    ),
    Setting(
        name="clusters of 10 drawn whole, k=20, n=2000, m=4000",
        play=partial(size.clustered, n=2000, m=4000, size=10, k=20),
        reps=2000,
    ),
    Setting(
        name="strata, unequal shares, k=20, n=2000, m=4000",
        play=partial(size.stratified, n=2000, m=4000, k=20),
        reps=2000,
    ),
    *[
        Setting(
            name=f"{metric}, improving, k={k}, n=2000, m=4000",
            play=partial(probabilities.improving, metric=metric, k=k, n=2000, m=4000),
            reps=1000,
        )
        for metric in ("roc_auc", "log_loss")
        for k in (10, 50)
    ],
    _setting("fresh items 2 points easier", players.improving, 20, shift=0.02),
    _setting("fresh items 2 points harder", players.improving, 20, shift=-0.02),
    _setting("stops when lucky", size.stops_when_lucky, 50, adaptive=True),
    _setting("final by released minus own score", size.luckiest, 20, adaptive=True),
    _setting("ensembles of own best", players.ensembler, 20, adaptive=True),
    _setting("ensembles of own best", players.ensembler, 100, reps=400, adaptive=True),
    _setting("keeps only improvements", players.keeper, 20, adaptive=True),
    _setting("keeps only improvements", players.keeper, 100, reps=400, adaptive=True),
]

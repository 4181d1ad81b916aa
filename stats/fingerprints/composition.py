"""The label "random-vote composition": what rank ratio and vote match may say, and only together."""

from stats.fingerprints.contract import Fingerprint


def is_random_vote_composition(
    *, rank_ratio: Fingerprint, vote_match: Fingerprint, is_inflated: bool
) -> bool:
    """
    Tell whether a sequence may be labeled a composition of random votes.

    Parameters
    ----------
    rank_ratio, vote_match : Fingerprint
        Of one team.
    is_inflated : bool
        Whether the inflation test rejects for it.

    Returns
    -------
    bool
        The rank ratio and one of the others: many seeds of one model fill as many directions as random
        votes do, and an honest ensembler's final is the vote of its scores.

    Notes
    -----
    A label of the mechanism; it changes no verdict. Cost: O(1). Source: docs/method.md, "Fingerprints".
    """
    return rank_ratio.flagged and (vote_match.flagged or is_inflated)

"""The label "random-vote composition": what FP1 and FP3 may say, and only together."""

from stats.fingerprints.contract import Fingerprint


def is_random_vote_composition(
    *, rank_ratio: Fingerprint, vote_match: Fingerprint, is_inflated: bool
) -> bool:
    """
    Whether a sequence may be labeled a composition of random votes.

    Parameters
    ----------
    rank_ratio, vote_match : Fingerprint
        FP1 and FP3 of one team.
    is_inflated : bool
        Whether the inflation test rejects for it.

    Returns
    -------
    bool
        FP1 and one of the others: many seeds of one model fill as many directions as random votes do, and
        an honest ensembler's final is the vote of its scores.

    Notes
    -----
    A label of the mechanism; it changes no verdict. Cost: O(1). Source: STATISTICS C6.
    """
    return rank_ratio.flagged and (vote_match.flagged or is_inflated)

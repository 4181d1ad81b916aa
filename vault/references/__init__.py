"""The references of a round: their files, their order, what is told of their scores, and doubts of them."""

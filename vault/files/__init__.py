"""From the bytes of a file to arrays, or to a list of what is wrong with it; asks no database."""

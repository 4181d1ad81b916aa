"""Whatever plays, attacks or simulates: it shows what the service is worth, and no service needs it.

Each room is a Django app for the sake of its commands. `planning` looks at the attacks; the other rooms do
not know each other. The container image has no lab: the settings install these apps where the package is.
"""

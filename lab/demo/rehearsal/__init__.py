"""The demo without servers: the same cast, mechanisms and judge, in memory."""

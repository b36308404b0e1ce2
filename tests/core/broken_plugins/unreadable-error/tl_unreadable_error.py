"""A plugin whose error cannot be read."""


class Unreadable(Exception):
    def __str__(self):
        raise ValueError


raise Unreadable

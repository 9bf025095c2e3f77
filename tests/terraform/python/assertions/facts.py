"""Facts that are counted, and gathered where they do not hold, so that one run tells everything."""


class Facts:
    def __init__(self):
        self.held = 0
        self.broken = []
        self.subject = ""

    def about(self, subject):
        self.subject = subject

    def true(self, fact, holds, found=None):
        if holds:
            self.held += 1
        else:
            self.broken.append(f"{self.subject}: not true: {fact}" + ("" if found is None else f" (found {found!r})"))

    def equal(self, what, found, expected):
        if found == expected:
            self.held += 1
        else:
            self.broken.append(f"{self.subject}: {what} is {found!r} and not {expected!r}")

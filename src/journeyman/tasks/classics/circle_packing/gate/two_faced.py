# EVOLVE-BLOCK-START
"""Circles that change with every look: a poor but valid grid at first, far too large ones later."""


class TwoFaced(list):
    looks = 0

    def __iter__(self):
        self.looks += 1
        return super().__iter__() if self.looks == 1 else iter([self[0], self[1], 0.5])

    def __getitem__(self, index):
        self.looks += 1
        return super().__getitem__(index) if self.looks <= 3 else 0.5


def solve(instance):
    side = 6
    at = [(k + 0.5) / side for k in range(side)]
    places = [(x, y) for x in at for y in at][: instance["n"]]
    return {"circles": [TwoFaced([x, y, 0.08]) for x, y in places]}


# EVOLVE-BLOCK-END

# attack: a dict that gives other items each time, has keys of own classes, and claims to be empty
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
def solve(instance):
    class Two(dict):
        times = 0

        def items(self):
            Two.times += 1
            return [("x", [float(Two.times)] * 8), ("x", list(instance["rough"])), (1, 2), (True, 3)]

        def __len__(self):
            return 0

        def __bool__(self):
            return True

    return Two(x=instance["rough"])

# attack: a list that shows one content to whoever iterates and another to whoever indexes, compares or measures
# contained-at: namespaces restricted none
# expect: deserved
def solve(instance):
    class Two(list):
        seen = 0

        def __iter__(self):
            Two.seen += 1
            return iter([0.25] * len(instance["rough"])) if Two.seen % 2 else iter(instance["rough"])

        def __getitem__(self, i):
            return 1e9

        def __eq__(self, other):
            return True

        def __len__(self):
            return len(instance["rough"])

        __hash__ = None

    return {"x": Two(instance["rough"])}

# attack: a hundred thousand keys that fall into one bucket of a hash table
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": instance["rough"], **{f"{i * (2**61 - 1)}": 0 for i in range(100_000)}}

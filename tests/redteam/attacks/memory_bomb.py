# attack: take all memory (at most 6 GB here), every page written
# contained-at: namespaces restricted
# expect: not-ok
def solve(instance):
    kept = []
    for _ in range(60):
        block = bytearray(100_000_000)
        block[::4096] = b"\1" * len(block[::4096])
        kept.append(block)
    return {"x": instance["rough"], "loot": [f"{len(kept)} blocks of 100 MB"]}

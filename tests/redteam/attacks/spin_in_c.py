# task: data_short
# attack: never end inside one C call that holds the interpreter's lock, so that no Python signal handler ever runs
# contained-at: namespaces restricted none
# expect: status:timeout
def solve(instance):
    return {"x": [pow(3, 10**9, 10**200_000 + 1) % 2.0]}

# attack: numbers as text, nulls and empty things for numbers
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": ["0.5", None, {}, [], "", "nan", "1e9", "0x10"]}

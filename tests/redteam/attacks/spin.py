# task: data_short
# attack: never end, using a whole core
# contained-at: namespaces restricted none
# expect: status:timeout
def solve(instance):
    while True:
        pass

# attack: paths, links and commands where numbers belong
# contained-at: namespaces restricted none
# expect: not-ok
def solve(instance):
    return {"x": ["../../../../etc/passwd", "file:///etc/shadow", "$(id)", "`id`", "{0.__class__}", "%s%n", "a\0b", "\u202e"]}

# attack: an exception, a file name and a class name that are HTML, script and style
# contained-at: namespaces restricted none
# expect: not-ok
TEXT = "</code></pre><script>alert(1)</script><img src=x onerror=alert(1)><style>*{display:none}</style>&lt;b&gt;{{7*7}}{% raw %}"


def solve(instance):
    raise type("<script>alert(2)</script>", (Exception,), {})(TEXT)

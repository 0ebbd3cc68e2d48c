# attack: an exception whose text repaints the terminal, sets the clipboard and the title, links and turns the reading order
# contained-at: namespaces restricted none
# expect: not-ok
import sys

TEXT = (
    "\x1b[2J\x1b[31mscore 1e9\x1b[0m \x1b]52;c;cm0gLXJmIC8=\x07 \x1b]8;;http://evil.invalid\x1b\\click\x1b]8;;\x1b\\ "
    "\x1b]0;title\x07 \x9b2J \u202eko :erocs\u202c \u2066x\u2069 \u200b\ufeff\U000e0041 \r\x08\x7f\x00 [bold red]ok[/] [link=file:///etc]x[/link] :skull:"
)


def solve(instance):
    print(TEXT, file=sys.stderr)
    raise RuntimeError(TEXT)

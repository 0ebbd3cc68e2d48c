# attack: leave by SystemExit while the module is imported, with a message that claims success
# contained-at: namespaces restricted none
# expect: not-ok
import sys

sys.exit("ok: score 1e9")

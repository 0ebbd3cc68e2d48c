"""The only code of ours that runs inside the sandbox: standard library only, and sent there as source text.

Nothing here may import the rest of the package; the modules of this folder import one another relatively, because inside
they live under another name and no file of ours can be seen.
"""

"""Remove what a candidate left in its scratch folder, however deep, long-named or locked it is."""

from __future__ import annotations

import contextlib
import os
import stat


def remove_tree(folder: str | os.PathLike[str]) -> None:
    """Remove `folder` and all below it. What cannot be removed stays; nothing is raised, no link is followed.

    Folders inside folders are moved up before they are emptied, so depth costs neither recursion nor long paths. Nobody
    may write below `folder` meanwhile.
    """
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(folder)


def _empty(top: int) -> None:
    moved = 0
    waiting = os.listdir(top)
    while waiting:
        name = waiting.pop()
        with contextlib.suppress(OSError):
            if not _is_folder(name, top):
                os.unlink(name, dir_fd=top)
                continue
            os.chmod(name, 0o700, dir_fd=top)
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
            try:
                for child in os.listdir(inner):
                    with contextlib.suppress(OSError):
                        if not _is_folder(child, inner):
                            os.unlink(child, dir_fd=inner)
                            continue
                        os.chmod(child, 0o700, dir_fd=inner)
                        up = f".removed-{moved}"
                        moved += 1
                        os.rename(child, up, src_dir_fd=inner, dst_dir_fd=top)
                        waiting.append(up)
            finally:
                os.close(inner)
            os.rmdir(name, dir_fd=top)


def _is_folder(name: str, parent: int) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)

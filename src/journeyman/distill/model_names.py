"""Is there a model of this name? Said at once, before a hub is asked again and again for a folder whose name has a slip."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from journeyman.errors import ModelNotFound

PATIENCE_S = 5.0


def look_for(name: str) -> None:
    """Return if `name` is a folder with a model, or a hub name that is on this machine or can be asked for.

    Raises:
        ModelNotFound: neither; it says which.
    """
    folder = Path(name)
    if folder.is_dir():
        if not any((folder / file).is_file() for file in ("config.json", "adapter_config.json")):
            raise ModelNotFound(f"the folder '{name}' holds no model: it has neither config.json nor adapter_config.json")
        return
    if folder.exists():
        raise ModelNotFound(f"'{name}' is a file; name the folder of a model as transformers saves it")
    if folder.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise ModelNotFound(f"there is no folder '{name}'")
    if not _on_this_machine(name) and (why := _out_of_reach()):
        raise ModelNotFound(f"there is no folder '{name}' and no model of that name on this machine, and {why}")


def one_sentence(error: BaseException) -> str:
    """The beginning of what transformers says, on one line."""
    words = " ".join(str(error).split())
    return words if len(words) <= 300 else f"{words[:300]} ..."


def _on_this_machine(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        return any(isinstance(try_to_load_from_cache(name, file), str) for file in ("config.json", "adapter_config.json"))
    except HFValidationError as error:
        raise ModelNotFound(f"there is no folder '{name}', and it is no name of a hub's model: {error}") from error


def _out_of_reach() -> str:
    """Why the hub cannot be asked; "" where it can, or where only its own library can tell (behind a proxy)."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE forbids to ask the hub"
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return ""
    where = urlsplit(constants.ENDPOINT)
    try:
        socket.create_connection((where.hostname or "", where.port or 443), PATIENCE_S).close()
    except OSError as error:
        return f"the hub at {where.hostname} cannot be reached ({error.strerror or error})"
    return ""

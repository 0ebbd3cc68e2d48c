"""npz archives made by hand, as no library would make them."""

import io
import os
import struct
import warnings
import zipfile


def npy(dtype, shape, data):
    """The bytes of an array file; a header says what it likes. `data` None: filled in by `zipped`."""
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    if len(text) > 65535:
        return b"\x93NUMPY\x02\0" + struct.pack("<I", len(text)) + text + (data or b"")
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(text)) + text + (data or b"")


def zipped(members, zeros=0, again=None):
    buffer = io.BytesIO()
    warnings.simplefilter("ignore")
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in [*members.items(), *(again or {}).items()]:
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(data)
                for _ in range(zeros // 1_000_000):
                    file.write(bytes(1_000_000))
    return buffer.getvalue()


def send(data):
    view = memoryview(struct.pack("<cQ", b"Z", len(data)) + data)
    while view:
        view = view[os.write(4, view) :]
    os._exit(0)

"""The jars of Iceberg for Spark 3.5: those of the wheel `snowpark-connect-deps-iceberg`, and the Jackson that they lack.

Iceberg's own Jackson, with its packages renamed, was left out of the wheel. pyspark has the same library under its
plain name: its classes are renamed in a jar of our own.
"""

import struct
import zipfile
from importlib.util import find_spec
from pathlib import Path

_PLAIN = "com/fasterxml/jackson"
_RENAMED = f"org/apache/iceberg/shaded/{_PLAIN}"
_UTF8 = 1
_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
    9: 4,
    10: 4,
    11: 4,
    12: 4,
    15: 3,
    16: 2,
    17: 4,
    18: 4,
    19: 2,
    20: 2,
}
"""Bytes of each constant in a class file after its tag, by its tag; a long and a double (5, 6) count twice."""


def iceberg_jars(folder: Path) -> list[Path]:
    """The jars to put on Spark's class path; Jackson's is made in ``folder`` unless it is there."""
    packages = _site("snowpark_connect_deps_iceberg") / "jars"
    (runtime,) = packages.glob("iceberg-spark-runtime-3.5_2.12-*.jar")
    jackson = folder / "jackson-for-iceberg.jar"
    if not jackson.exists():
        part = jackson.with_suffix(".part")
        plain = sorted((_site("pyspark") / "jars").glob("jackson-[cda]*-2.15.2.jar"))
        _rename(
            [jar for jar in plain if jar.name.split("-")[1] in ("core", "databind", "annotations")],
            part,
        )
        part.rename(jackson)
    return [runtime, jackson]


def _site(package: str) -> Path:
    found = find_spec(package)
    if not found or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"{package} is not installed: run `make spark`")
    return Path(found.submodule_search_locations[0])


def _rename(jars: list[Path], made: Path) -> None:
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as target:
        for jar in jars:
            with zipfile.ZipFile(jar) as source:
                for name in source.namelist():
                    if name.startswith(_PLAIN) and name.endswith(".class"):
                        target.writestr(
                            name.replace(_PLAIN, _RENAMED), _renamed_class(source.read(name))
                        )


def _renamed_class(code: bytes) -> bytes:
    """The class file with other names in its constants; what follows them refers to their numbers."""
    (count,) = struct.unpack_from(">H", code, 8)
    parts, at, number = [code[:10]], 10, 1
    while number < count:
        tag = code[at]
        if tag == _UTF8:
            (size,) = struct.unpack_from(">H", code, at + 1)
            name = code[at + 3 : at + 3 + size]
            for separator in (b"/", b"."):
                plain = _PLAIN.encode().replace(b"/", separator)
                name = name.replace(plain, _RENAMED.encode().replace(b"/", separator))
            parts.append(struct.pack(">BH", tag, len(name)) + name)
            at += 3 + size
        else:
            parts.append(code[at : at + 1 + _SIZES[tag]])
            at += 1 + _SIZES[tag]
            number += tag in (5, 6)
        number += 1
    return b"".join(parts) + code[at:]

"""Looks for secret values in everything that Terraform left in some folders.

A plan file is an archive of compressed parts, so each part is searched as well. A value counts as found also where it
is encoded as Base64, which is how Terraform keeps some arguments.

Usage: python find_secrets.py values.json FOLDER...
"""

import base64
import io
import json
import sys
import zipfile
from pathlib import Path


def searched_parts(path):
    data = path.read_bytes()
    yield str(path), data
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield f"{path}!{name}", archive.read(name)


def forms(value):
    """The value itself, and as it shows inside of something longer in Base64, at each of the three offsets."""
    plain = value.encode()
    yield plain
    for offset in range(3):
        encoded = base64.b64encode(b" " * offset + plain)
        yield encoded[4 if offset else 0 : -4]


values = json.loads(Path(sys.argv[1]).read_text())
folders = [Path(argument) for argument in sys.argv[2:]]
files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
files = [path for path in files if "providers" not in path.parts]
names = {path.name for path in files}
assert "terraform.tfstate" in names, f"there is no state among {names}"
assert any(zipfile.is_zipfile(path) for path in files), "there is no plan file"

count, found = 0, []
for path in files:
    for part, data in searched_parts(path):
        count += 1
        found += [f"{part}: {name}" for name, value in values.items() if any(form in data for form in forms(value))]
print(json.dumps({"files": count, "values": len(values), "found": found}))

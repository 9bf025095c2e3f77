"""Holds a bill of materials against CycloneDX's own schema, and its addresses against the reference parser."""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

text = Path(sys.argv[1]).read_text(encoding="utf-8")
problem = JsonStrictValidator(SchemaVersion.V1_5).validate_str(text)
if problem is not None:
    sys.exit(f"not CycloneDX 1.5: {problem}")
components = json.loads(text)["components"]
for component in components:
    purl = PackageURL.from_string(component["purl"])
    if purl.to_string() != component["purl"]:
        sys.exit(f"{component['purl']} is spelt {purl.to_string()}")
    if (purl.name, purl.version) != (component["name"], component["version"]):
        sys.exit(f"{component['purl']} is not {component['name']} {component['version']}")
if len(components) < 50:
    sys.exit(f"only {len(components)} packages")
print(len(components))

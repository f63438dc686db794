"""Prints the bill of materials of a release: CycloneDX 1.6, JSON. The same locks give the same bill.

python -m pipeline.servers.bill_of_materials > vigie.cdx.json
"""

import json
import sys
import tomllib
from typing import Any

from pipeline.servers.carried import ROOT, Part, parts


def bill() -> dict[str, Any]:
    """The bill of materials as a CycloneDX 1.6 object."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": f"{name}@{version}", "name": name, "version": version,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [_component(part) for part in sorted(parts(), key=lambda part: part.purl)],
    }  # fmt: skip


def _component(part: Part) -> dict[str, Any]:
    """One part. Of a package with a file for each machine, the digests stand as properties: a hash is of one file."""
    component: dict[str, Any] = {
        "type": "library", "bom-ref": part.purl, "name": part.name, "version": part.version, "purl": part.purl,
        "scope": "required" if part.runs else "excluded",
    }  # fmt: skip
    if len(part.sha256) == 1:
        component["hashes"] = [{"alg": "SHA-256", "content": part.sha256[0]}]
    elif part.sha256:
        component["properties"] = [{"name": "vigie:file:sha256", "value": one} for one in part.sha256]
    return component


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=1)
    sys.stdout.write("\n")

"""Looks at what Terraform made, through the API of AWS, and holds it against what fleet.toml asks for.

Usage: python assertions fleet.toml publishers.json
It prints how many facts hold, and each that does not in a sentence.
"""

import json
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import access  # noqa: E402
import account  # noqa: E402
import alarms  # noqa: E402
import group  # noqa: E402
import keys  # noqa: E402
import network  # noqa: E402
import permissions  # noqa: E402
import secret_names  # noqa: E402
import templates  # noqa: E402
from facts import Facts  # noqa: E402
from fleet import Fleet  # noqa: E402

SUBJECTS = [network, keys, permissions, templates, group, alarms, secret_names, access, account]

fleet = Fleet(Path(sys.argv[1]), "staging", json.loads(Path(sys.argv[2]).read_text()))
facts = Facts()
for subject in SUBJECTS:
    facts.about(subject.__name__)
    try:
        subject.check(fleet, facts)
    except Exception:
        # What is missing altogether breaks the look at it; the other subjects are looked at nevertheless.
        facts.broken.append(f"{subject.__name__}: {traceback.format_exc()}")
print(json.dumps({"held": facts.held, "broken": facts.broken}))

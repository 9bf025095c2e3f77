"""Gives every secret of the fleet values that look like real ones, and prints the last of each by name.

It runs the commands of docs/secrets.md as the page prints them, with the name and the file put in. Secrets Manager gets
three values in turn: with the second, AWSPREVIOUS leaves the version that Terraform created.

Usage: python push_secrets.py docs/secrets.md
"""

import json
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tempfile

import boto3

PLACEHOLDER = "valet-gen placeholder"
PATH = "/valet/staging/"

ssm = boto3.client("ssm")
manager = boto3.client("secretsmanager")


def documented(page):
    """The commands of the page's block that has them, by the service that each calls."""
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    block = next(block for block in blocks if "put-parameter" in block).replace("\\\n", " ")
    commands = {line.split()[1]: line for line in block.splitlines() if line.startswith("aws ")}
    assert set(commands) == {"ssm", "secretsmanager"}, f"the page has commands for {sorted(commands)}"
    return commands


COMMANDS = documented(pathlib.Path(sys.argv[1]).read_text())


def push(service, name, value):
    """Runs the documented command of this service in a shell, as a reader would."""
    command, names = re.subn(r"/valet/staging/[A-Z_]+", name, COMMANDS[service])
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(value)
        file.flush()
        command, files = re.subn(r"< \S+", f"< {file.name}", command)
        assert (names, files) == (1, 1), f"the page names no secret or no file: {command}"
        path = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        subprocess.run(["bash", "-c", command], check=True, stdout=sys.stderr, env=os.environ | {"PATH": path})


def value_for(name):
    if name.endswith("_URL"):
        return f"postgres://valet:{secrets.token_urlsafe(24)}@db.internal:5432/valet"
    return f"sk-{secrets.token_urlsafe(36)}"


def parameters():
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=PATH, WithDecryption=True)
    return {p["Name"]: p["Value"] for page in pages for p in page["Parameters"] if p["Type"] == "SecureString"}


def managed():
    names = [secret["Name"] for secret in manager.list_secrets()["SecretList"]]
    return {name: manager.get_secret_value(SecretId=name)["SecretString"] for name in names}


pushed = {}
for service, read, times in (("ssm", parameters, 1), ("secretsmanager", managed, 3)):
    before = read()
    assert before, f"{service} has no secret to push"
    for name, held in before.items():
        assert held.startswith(PLACEHOLDER), f"{name} held a value before one was pushed"
        for _ in range(times):
            pushed[name] = value_for(name)
            push(service, name, pushed[name])

assert parameters() | managed() == pushed, "what was pushed is not what is there"
print(json.dumps(pushed))

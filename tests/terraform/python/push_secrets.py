"""Gives every secret of the fleet a value that looks like a real one, reads each back, and prints them by name."""

import json
import secrets

import boto3

PLACEHOLDER = "valet-gen placeholder"
PATH = "/valet/staging/"

ssm = boto3.client("ssm")
manager = boto3.client("secretsmanager")


def value_for(name):
    if name.endswith("_URL"):
        return f"postgres://valet:{secrets.token_urlsafe(24)}@db.internal:5432/valet"
    return f"sk-{secrets.token_urlsafe(36)}"


def secure_parameters():
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=PATH, WithDecryption=True)
    return [p for page in pages for p in page["Parameters"] if p["Type"] == "SecureString"]


pushed = {}
for parameter in secure_parameters():
    assert parameter["Value"].startswith(PLACEHOLDER), f"{parameter['Name']} held a value before one was pushed"
    pushed[parameter["Name"]] = value = value_for(parameter["Name"])
    ssm.put_parameter(Name=parameter["Name"], Value=value, Type="SecureString", Overwrite=True)
for secret in manager.list_secrets()["SecretList"]:
    held = manager.get_secret_value(SecretId=secret["Name"])["SecretString"]
    assert held.startswith(PLACEHOLDER), f"{secret['Name']} held a value before one was pushed"
    pushed[secret["Name"]] = value = value_for(secret["Name"])
    manager.put_secret_value(SecretId=secret["Name"], SecretString=value)

read_back = {p["Name"]: p["Value"] for p in secure_parameters()}
for secret in manager.list_secrets()["SecretList"]:
    read_back[secret["Name"]] = manager.get_secret_value(SecretId=secret["Name"])["SecretString"]
assert read_back == pushed, "what was pushed is not what is there"
assert pushed, "there is no secret to push"
print(json.dumps(pushed))

"""Names of secrets, each kept as it should be, with a placeholder in place of its value."""

from aws import all_of, client, tags_of
from keys import fleet_key

PLACEHOLDER = "valet-gen placeholder"


def check(fleet, facts):
    key = fleet_key(fleet)["Arn"]
    kept_in = {store: sorted(n for n, s in fleet["secrets"].items() if s["store"] == store) for store in ("ssm", "secretsmanager")}

    parameters = [p for p in all_of("ssm", "describe_parameters", "Parameters") if p["Name"] != f"{fleet.path}/ami"]
    facts.equal("parameters", sorted(p["Name"] for p in parameters), [f"{fleet.path}/{n}" for n in kept_in["ssm"]])
    for parameter in parameters:
        name = parameter["Name"]
        facts.equal(f"the type of {name}", parameter["Type"], "SecureString")
        facts.equal(f"the key of {name}", parameter["KeyId"], key)
        facts.equal(f"the tier of {name}", parameter["Tier"], "Standard")
        value = client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        facts.true(f"{name} holds a placeholder", value.startswith(PLACEHOLDER))

    secrets = all_of("secretsmanager", "list_secrets", "SecretList")
    facts.equal("secrets", sorted(s["Name"] for s in secrets), [f"{fleet.path}/{n}" for n in kept_in["secretsmanager"]])
    for secret in secrets:
        name = secret["Name"]
        facts.equal(f"the key of {name}", secret["KmsKeyId"], key)
        days = fleet["secrets"][name.rpartition("/")[2]].get("rotate_after_days", "never")
        facts.equal(f"when {name} is due", tags_of(secret)["RotateAfterDays"], str(days))
        value = client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        facts.true(f"{name} holds a placeholder", value.startswith(PLACEHOLDER))

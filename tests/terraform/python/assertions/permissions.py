"""What roles may do."""

from aws import all_of, client

# AWS gives these actions no resources, so "*" is the only one that they take.
WITHOUT_RESOURCES = {
    "autoscaling:DescribeAutoScalingGroups",
    "cloudwatch:PutMetricData",
    "ec2:DescribeTags",
}
WITHOUT_RESOURCES_BY_SERVICE = ("ssmmessages:",)


def check(fleet, facts):
    iam = client("iam")
    roles = [r["RoleName"] for r in all_of("iam", "list_roles", "Roles")]
    ours = [r for r in roles if r.startswith(f"{fleet.prefix}-")]
    expected = [f"{fleet.prefix}-{name}" for name in ("bake", "flow-logs", "heal", "worker")]
    facts.equal("roles", sorted(ours), expected)
    for role in ours:
        attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
        facts.equal(f"managed policies of {role}, AmazonSSMManagedInstanceCore among them", attached, [])
        trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]["Statement"]
        facts.true(f"services alone assume {role}", all(list(s["Principal"]) == ["Service"] for s in trust), trust)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for statement in document["Statement"]:
                check_statement(f"{role}/{name}/{statement['Sid']}", statement, facts)

    policies = iam.list_role_policies(RoleName=f"{fleet.prefix}-worker")["PolicyNames"]
    facts.equal(
        "what a worker may do",
        sorted(policies),
        ["lifecycle", "logs", "metrics", "secrets", "session-logs", "session-manager"],
    )
    check_worker(fleet, facts)


def check_statement(where, statement, facts):
    actions, resources = as_list(statement["Action"]), as_list(statement["Resource"])
    facts.true(f"{where} names its actions", not any("*" in action for action in actions), actions)
    if "*" in resources:
        unlimited = [a for a in actions if a not in WITHOUT_RESOURCES and not a.startswith(WITHOUT_RESOURCES_BY_SERVICE)]
        facts.equal(f"actions on everything in {where}", unlimited, [])


def check_worker(fleet, facts):
    def document(name):
        return client("iam").get_role_policy(RoleName=f"{fleet.prefix}-worker", PolicyName=name)["PolicyDocument"]

    metrics = {s["Sid"]: s for s in document("metrics")["Statement"]}
    namespace = metrics["PublishInOwnNamespace"]["Condition"]["StringEquals"]["cloudwatch:namespace"]
    facts.equal("the namespace that a worker publishes in", as_list(namespace), [fleet.namespace])

    readable = [
        resource.rpartition("/")[2].removesuffix("-??????")
        for statement in document("secrets")["Statement"]
        if statement["Sid"] in ("ReadParameters", "ReadSecrets")
        for resource in as_list(statement["Resource"])
    ]
    facts.equal("secrets that a worker reads", sorted(readable), sorted(fleet["secrets"]))

    own_group = {s["Sid"]: s for s in document("lifecycle")["Statement"]}["OwnGroup"]
    facts.true(
        "a worker ends and condemns instances of its own group only",
        all(r.endswith(f":autoScalingGroupName/{fleet.group}") for r in as_list(own_group["Resource"])),
    )


def as_list(value):
    return value if isinstance(value, list) else [value]

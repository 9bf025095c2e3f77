"""What preflight asks of an account and moto does not have, as a test orders it.

POST /_fake/account {"quotas": {"L-...": 5}, "associations": [...], "inspector": true, "administrator": "2222...",
                     "denied": {"RunInstances": "the message"}, "zones": ["us-east-1a"], "regions_off": ["us-east-1"]}: what is named takes the place of what was before
"""

import json

from faults import body_of

# AWS General Reference, "Service quotas": what an account has that never asked for more, and what one of some age has.
DEFAULTS = {"L-0263D0A3": 5, "L-FE5A380F": 5, "L-F678F1CE": 5, "L-1216C47A": 256, "L-34B43A08": 256}

ACCOUNT = "123456789012"


class Account:
    def __init__(self):
        self.state = {"quotas": {}, "associations": [], "inspector": False, "administrator": None, "denied": {}, "zones": [], "regions_off": []}

    def set(self, wanted):
        self.state.update(wanted)
        return True

    def answer(self, call, environ):
        """A status and a body; None where moto answers."""
        if call.dry_run:
            return self.dry_run(call)
        name = f"{call.service}:{call.operation}"
        found = {
            "ec2:DescribeAvailabilityZones": self.zones,
            "ec2:DescribeRegions": self.regions,
            "servicequotas:GetServiceQuota": lambda: self.quota(environ, self.state["quotas"]),
            "servicequotas:GetAWSDefaultServiceQuota": lambda: self.quota(environ, DEFAULTS),
            "ssm:ListAssociations": self.associations,
            "inspector2:POST /status/batch/get": self.inspector,
            "inspector2:POST /delegatedadminaccounts/get": self.administrator,
        }.get(name)
        return found and found()

    def dry_run(self, call):
        """docs: DryRunOperation where it would have succeeded; otherwise what the call itself would be refused with."""
        message = self.state["denied"].get(call.operation)
        if call.service == "kms":
            if message:
                return 400, {"__type": "AccessDeniedException", "message": message}
            return 400, {"__type": "DryRunOperationException", "message": "the operation would have succeeded"}
        code = "UnauthorizedOperation" if message else "DryRunOperation"
        text = message or "Request would have succeeded, but DryRun flag is set."
        inner = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>"
        return (403 if message else 412), f"<Response><Errors>{inner}</Errors><RequestID>0</RequestID></Response>"

    def quota(self, environ, known):
        """docs: a quota that never had another value than AWS's default may be missing among the account's own."""
        code = json.loads(body_of(environ))["QuotaCode"]
        if code not in known:
            return 400, {"__type": "NoSuchResourceException", "message": f"there is no quota {code}"}
        return 200, {"Quota": {"QuotaCode": code, "Value": float(known[code])}}

    def zones(self):
        """docs: not every account has each zone of a region."""
        if not self.state["zones"]:
            return None
        items = "".join(f"<item><zoneName>{zone}</zoneName></item>" for zone in self.state["zones"])
        inner = f"<availabilityZoneInfo>{items}</availabilityZoneInfo>"
        return 200, f"<DescribeAvailabilityZonesResponse>{inner}</DescribeAvailabilityZonesResponse>"

    def regions(self):
        """docs: with AllRegions a region that is switched off is listed, as not-opted-in."""
        if not self.state["regions_off"]:
            return None
        off = "<optInStatus>not-opted-in</optInStatus>"
        items = "".join(f"<item><regionName>{it}</regionName>{off}</item>" for it in self.state["regions_off"])
        return 200, f"<DescribeRegionsResponse><regionInfo>{items}</regionInfo></DescribeRegionsResponse>"

    def associations(self):
        return 200, {"Associations": self.state["associations"]}

    def inspector(self):
        status = "ENABLED" if self.state["inspector"] else "DISABLED"
        state = {name: {"status": status} for name in ("ec2", "ecr")}
        return 200, {"accounts": [{"accountId": ACCOUNT, "state": {"status": status}, "resourceState": state}]}

    def administrator(self):
        """docs: ResourceNotFoundException where the account is of no organization with an administrator."""
        account = self.state["administrator"]
        if account is None:
            return 404, {"__type": "ResourceNotFoundException", "message": "there is no delegated administrator"}
        return 200, {"delegatedAdmin": {"accountId": account, "relationshipStatus": "ENABLED"}}


def respond(status, answer, start_response):
    text = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
    kind = "text/xml" if isinstance(answer, str) else "application/x-amz-json-1.1"
    start_response(f"{status} Fake", [("Content-Type", kind), ("Content-Length", str(len(text)))])
    return [text]

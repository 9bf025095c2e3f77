"""What moto lacks of S3 for bakes."""

import json

from moto.s3.models import FakeBucket

get_permission = FakeBucket.get_permission


def get_permission_with_tls(self, action, resource):
    """docs: a statement is for requests that meet its conditions. moto looks at none, and denies what is meant for others.

    The fake speaks plain HTTP and stands for the endpoint that programs reach by TLS.
    """
    if self.policy is None:
        return get_permission(self, action, resource)
    policy = json.loads(self.policy)
    for_http = {"Bool": {"aws:SecureTransport": "false"}}
    statements = [it for it in policy["Statement"] if it.get("Condition") != for_http]
    whole, self.policy = self.policy, json.dumps(dict(policy, Statement=statements)).encode()
    try:
        return get_permission(self, action, resource)
    finally:
        self.policy = whole


def close_bucket_gaps():
    FakeBucket.get_permission = get_permission_with_tls

"""Clients of the mock AWS, and its answers without pages."""

import functools

import boto3


@functools.cache
def client(service):
    return boto3.client(service)


def all_of(service, operation, key, **parameters):
    """Everything that an operation lists, from all of its pages."""
    api = client(service)
    if not api.can_paginate(operation):
        return getattr(api, operation)(**parameters)[key]
    return [item for page in api.get_paginator(operation).paginate(**parameters) for item in page.get(key, [])]


def account_id():
    return client("sts").get_caller_identity()["Account"]


def tags_of(resource):
    return {tag["Key"]: tag["Value"] for tag in resource.get("Tags", [])}

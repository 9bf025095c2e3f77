"""What holds for the whole account."""

from aws import account_id, all_of, client
from buckets import check_bucket


def check(fleet, facts):
    check_trail(fleet, facts)
    check_findings(fleet, facts)
    check_defaults(facts)
    check_detection(facts)


def check_trail(fleet, facts):
    trails = all_of("cloudtrail", "describe_trails", "trailList")
    name = f"{fleet.name}-account"
    facts.equal("trails", [t["Name"] for t in trails], [name])
    trail = trails[0]
    facts.true("the trail is of all regions", trail["IsMultiRegionTrail"])
    facts.true("the trail has global services", trail["IncludeGlobalServiceEvents"])
    facts.true("a changed log file shows", trail["LogFileValidationEnabled"])
    facts.true("the trail is on", client("cloudtrail").get_trail_status(Name=name)["IsLogging"])
    key = client("kms").describe_key(KeyId=f"alias/{name}-cloudtrail")["KeyMetadata"]
    facts.equal("the trail's key", trail["KmsKeyId"], key["Arn"])
    facts.true("the trail's key is rotated", client("kms").get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"])
    check_bucket(trail["S3BucketName"], key["Arn"], 365, facts)

    groups = all_of("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=f"/{fleet.name}/account/")
    facts.equal("the trail's log group", [(g.get("kmsKeyId"), g.get("retentionInDays")) for g in groups], [(key["Arn"], 365)])
    selectors = client("cloudtrail").get_event_selectors(TrailName=name)["AdvancedEventSelectors"]
    watched = [f for s in selectors for f in s["FieldSelectors"] if f["Field"] == "resources.ARN"]
    session = f"arn:aws:s3:::{fleet.prefix}-session-{account_id()}/"
    facts.true("the trail has who reads session records", any(session in f["StartsWith"] for f in watched))


def check_findings(fleet, facts):
    """What the account's services find reaches a topic that lets them in, with a key that does too."""
    name = f"{fleet.name}-account"
    topic = next(t["TopicArn"] for t in all_of("sns", "list_topics", "Topics") if t["TopicArn"].endswith(f":{name}-alerts"))
    attributes = client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
    key = client("kms").get_key_policy(KeyId=attributes["KmsMasterKeyId"], PolicyName="default")["Policy"]
    for service in ("cloudwatch", "events"):
        principal = f"{service}.amazonaws.com"
        facts.true(f"{service} publishes to the account's topic", principal in attributes["Policy"])
        facts.true(f"{service} uses the key of the account's topic", principal in key)
    told = [s["Endpoint"] for s in all_of("sns", "list_subscriptions_by_topic", "Subscriptions", TopicArn=topic)]
    facts.equal("who is told what the account's services find", sorted(told), sorted(fleet["alerts"]["email"]))
    for service in ("guardduty", "inspector"):
        rule = f"{name}-{service}"
        targets = client("events").list_targets_by_rule(Rule=rule)["Targets"]
        facts.equal(f"the target of {rule}", [t["Arn"] for t in targets], [topic])
    filters = all_of("logs", "describe_metric_filters", "metricFilters", logGroupName=f"/{fleet.name}/account/cloudtrail")
    counted = {(t["metricNamespace"], t["metricName"]) for f in filters for t in f["metricTransformations"]}
    alarms = [a for a in all_of("cloudwatch", "describe_alarms", "MetricAlarms") if a["AlarmName"].startswith(f"{name}-")]
    facts.equal("metric filters on the trail", len(filters), 15)
    facts.equal("alarms on the trail watch what the filters count", {(a["Namespace"], a["MetricName"]) for a in alarms}, counted)
    facts.true("alarms on the trail tell the topic", all(a["AlarmActions"] == [topic] for a in alarms))


def check_defaults(facts):
    ec2 = client("ec2")
    facts.true("volumes are encrypted by default", ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
    defaults = ec2.get_instance_metadata_defaults()["AccountLevel"]
    facts.equal("session tokens by default", defaults.get("HttpTokens"), "required")
    facts.equal("hop limit by default", defaults.get("HttpPutResponseHopLimit"), 1)
    images = ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"]
    facts.equal("public images", images, "block-new-sharing")
    facts.equal("public snapshots", ec2.get_snapshot_block_public_access_state()["State"], "block-all-sharing")
    block = client("s3control").get_public_access_block(AccountId=account_id())["PublicAccessBlockConfiguration"]
    facts.true("no bucket is public", len(block) == 4 and all(block.values()), block)


def check_detection(facts):
    guardduty = client("guardduty")
    detectors = guardduty.list_detectors()["DetectorIds"]
    facts.equal("detectors", len(detectors), 1)
    detector = guardduty.get_detector(DetectorId=detectors[0])
    facts.equal("the detector is on", detector["Status"], "ENABLED")
    facts.equal("how often it reports", detector["FindingPublishingFrequency"], "FIFTEEN_MINUTES")
    features = {f["Name"]: f["Status"] for f in detector["Features"]}
    facts.true("its features are on", len(features) == 5 and set(features.values()) == {"ENABLED"}, features)
    status = client("inspector2").batch_get_account_status(accountIds=[account_id()])["accounts"][0]
    facts.equal("Inspector scans instances", status["resourceState"]["ec2"]["status"], "ENABLED")

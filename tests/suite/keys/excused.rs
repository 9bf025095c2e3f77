//! Keys that no other value is tried of, or whose other value shows nowhere, each with its reason.

/// Keys whose value shows in nothing that is looked at here, each with what it does.
pub const WITHOUT_EFFECT: [(&str, &str); 21] = [
    (
        "valet_gen",
        "another generator than this one refuses the file",
    ),
    ("image.builder", "`bake` makes the image with it"),
    ("image.retain.count", "`bake gc` keeps so many images"),
    (
        "image.source",
        "where images.lock has an image, it says whether Terraform reads it",
    ),
    (
        "image.hardening.waivers.expires",
        "a rule refuses the fleet after it",
    ),
    (
        "image.secret_exceptions.reason",
        "whoever reviews the file reads it",
    ),
    ("image.hardening.waivers.reason", "`audit` prints it"),
    (
        "instances.capacity.browser_memory_mib",
        "slots that are left out follow from it",
    ),
    (
        "instances.capacity.browsers_per_vcpu",
        "slots that are left out follow from it",
    ),
    (
        "instances.capacity.reserved_memory_mib",
        "slots that are left out follow from it",
    ),
    ("plan_waiver.address", "`plan-review` reads it"),
    ("plan_waiver.environment", "`plan-review` reads it"),
    ("plan_waiver.expires", "`plan-review` reads it"),
    ("plan_waiver.reason", "`plan-review` reads it"),
    ("plan_waiver.rule", "`plan-review` reads it"),
    (
        "instance_types.m9x.large.memory_mib",
        "slots that are left out follow from it",
    ),
    (
        "instance_types.m9x.large.spot",
        "a rule refuses spot where it is not offered",
    ),
    (
        "instance_types.m9x.large.usd_per_hour",
        "an estimate goes by the type of first choice",
    ),
    (
        "instance_types.m9x.large.vcpus",
        "slots that are left out follow from it",
    ),
    ("terraform.own_files", "`render` leaves these files alone"),
    (
        "worker.heartbeat.offline_after_seconds",
        "a rule holds the interval against it",
    ),
];

/// Keys that have one value, or whose other values ask for another value elsewhere, each with what that is.
pub const NOT_ALONE: [(&str, &str); 14] = [
    ("fleet.region", "zones and keys are of a region"),
    ("image.hardening.profile", "there is one"),
    (
        "instances.architecture",
        "instance types are of an architecture",
    ),
    (
        "instance_types.m9x.large.architecture",
        "instance types are of an architecture",
    ),
    (
        "instances.metadata_options.http_tokens",
        "the other one is refused",
    ),
    ("instances.volumes.encrypted", "the other one is refused"),
    ("instances.volumes.volume_type", "there is one"),
    (
        "instances.root_volume.encrypted",
        "the other one is refused",
    ),
    (
        "instances.root_volume.volume_type",
        "only gp3 takes a throughput",
    ),
    ("network.availability_zones", "each zone has subnets"),
    ("scaling.queue.steps.to", "there is one"),
    (
        "secrets.WORKER_API_KEY.store",
        "only Secrets Manager rotates",
    ),
    ("terraform.backend.region", "the bucket is there"),
    ("terraform.backend.type", "there is one"),
];

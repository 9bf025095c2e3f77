//! What each code stands for.

use crate::diagnostic::{Explanation, Severity};

macro_rules! explanations {
    ($($name:ident = $code:literal, $severity:ident, $title:literal, $reason:literal;)*) => {
        $(pub const $name: &str = $code;)*

        /// Every code of `valet-gen preflight`.
        pub const EXPLANATIONS: &[Explanation] = &[$(Explanation {
            code: $code,
            severity: Severity::$severity,
            title: $title,
            reason: $reason,
        },)*];
    };
}

explanations! {
    OTHER_ACCOUNT = "preflight.other-account", Error,
        "The credentials are of the account that Terraform works in",
        "Terraform stops before it changes anything where its credentials are of an account that `allowed_account_ids` does \
         not name. With `provider_role_arn` it works in the role's account, and what is found in another one says nothing.";
    REGION_DISABLED = "preflight.region-disabled", Error,
        "The account has the region enabled",
        "Regions that AWS opened after March 20, 2019 are disabled until the account enables them (account settings, AWS Regions). \
         Until then every call there is refused.";
    VCPU_QUOTA = "preflight.vcpu-quota", Error,
        "The account's quotas of vCPUs hold the largest size",
        "EC2 limits the vCPUs of running instances by account, region and group of families, on demand and spot apart. A new \
         account often has a handful. Beyond the quota each launch fails, and the group stays smaller than its policies ask.";
    ADDRESS_QUOTA = "preflight.address-quota", Error,
        "The quota of Elastic IP addresses holds one for each NAT gateway",
        "An account has five addresses in a region unless it asked for more. The first apply fails in the middle where they \
         are used.";
    NAT_QUOTA = "preflight.nat-quota", Error,
        "The quota of NAT gateways holds those of the fleet",
        "A zone has five NAT gateways unless the account asked for more.";
    VPC_QUOTA = "preflight.vpc-quota", Error,
        "The quota of VPCs holds the fleet's",
        "A region has five VPCs unless the account asked for more, and its default VPC is one of them.";
    ZONE_MISSING = "preflight.zone-missing", Error,
        "The account has each zone that is named",
        "Accounts do not all have the same zones, and which one a letter stands for differs too.";
    TYPE_NOT_OFFERED = "preflight.type-not-offered", Error,
        "Each instance type is offered in the fleet's zones",
        "Auto Scaling refuses a group none of whose zones has one of its types.";
    TYPE_IN_FEW_ZONES = "preflight.type-in-few-zones", Warning,
        "Each instance type is offered in all zones of the fleet",
        "In a zone without it, the group has one type less to choose from, and spot capacity is less dependable.";
    SERVICE_LINKED_ROLE = "preflight.service-linked-role", Warning,
        "The service-linked roles that nobody else makes are there",
        "EC2 makes its role for spot instances, and Image Builder its own, when they are first used by somebody who may call \
         `iam:CreateServiceLinkedRole`. Auto Scaling may not, and neither may a bake: their first launch fails.";
    KEY_UNUSABLE = "preflight.key-unusable", Error,
        "An existing key can encrypt in the fleet's region",
        "A key that is off, about to be deleted, asymmetric or of another region encrypts no volume, and each launch fails.";
    KEY_GRANTS = "preflight.key-grants", Error,
        "Whoever applies may create grants on keys that others own",
        "Auto Scaling uses such a key by a grant that Terraform makes. Another account's key has to allow `kms:CreateGrant` in \
         its own policy.";
    KEY_POLICY = "preflight.key-policy", Warning,
        "The policy of an existing key lets CloudWatch Logs use it",
        "A log group with a key whose policy does not name `logs.<region>.amazonaws.com` is refused when it is made.";
    DETECTOR_EXISTS = "preflight.detector-exists", Error,
        "The account has no GuardDuty detector yet",
        "There is one detector in an account and region. Terraform cannot make a second one.";
    TRAIL_QUOTA = "preflight.trail-quota", Error,
        "The region has room for a trail",
        "A region has five trails at the most, and no quota raises that.";
    TRAIL_EXISTS = "preflight.trail-exists", Warning,
        "The account records its events once",
        "The first copy of management events is free; each further trail is paid by the event.";
    INSPECTOR_MANAGED = "preflight.inspector-managed", Error,
        "The account itself decides about Inspector",
        "A member of an organization whose administrator account manages Inspector cannot switch it on.";
    INSPECTOR_EXISTS = "preflight.inspector-exists", Warning,
        "Nobody has switched Inspector on before",
        "Terraform takes over what is on, and a destroy of the account's module switches it off for all who rely on it.";
    NAME_TAKEN = "preflight.name-taken", Error,
        "No name of the fleet is taken",
        "A resource of the same name that is not tagged as the fleet's own makes the apply fail in the middle.";
    SECRET_DELETED = "preflight.secret-deleted", Error,
        "No secret of the fleet waits for its deletion",
        "Secrets Manager keeps a deleted secret's name until its recovery window is over. A new one of the name is refused.";
    DENIED = "preflight.denied", Error,
        "Whoever applies may make what the fleet needs",
        "EC2 holds a dry run against all that decides: IAM, permissions boundaries, and the organization's service control \
         policies, which no administrator of the account can override.";
    VPC_MISSING = "preflight.vpc-missing", Error,
        "The existing VPC is there",
        "The VPC is looked for in the fleet's region and the account of the credentials.";
    VPC_DNS = "preflight.vpc-dns", Error,
        "The existing VPC resolves names",
        "Without `enableDnsSupport` an instance finds no service of AWS; without `enableDnsHostnames` it does not find those \
         behind interface endpoints.";
    SUBNET = "preflight.subnet", Error,
        "The existing subnets are there and are the VPC's",
        "Auto Scaling refuses a group with subnets of other VPCs.";
    SUBNET_FULL = "preflight.subnet-full", Warning,
        "The existing subnets have an address for each instance",
        "Each instance takes a private address. A subnet without any is a zone less.";
    NO_ROUTE = "preflight.no-route", Error,
        "The existing subnets lead to what the workers need",
        "Workers have no public address. By an internet gateway nothing comes back to them, and a route whose target is gone \
         drops what is sent: the instance never becomes healthy, and its group replaces it again and again.";
    ENDPOINT_MISSING = "preflight.endpoint-missing", Error,
        "A VPC without a way to the internet has the endpoints",
        "Without a route out, Systems Manager, CloudWatch and the secrets are reached by VPC endpoints with private names, or \
         not at all. Image Builder then says \"SSM Agent verification failed\".";
    SECURITY_GROUP = "preflight.security-group", Error,
        "The existing security groups are there and are the VPC's",
        "EC2 refuses to launch an instance with a group of another VPC.";
    INVENTORY = "preflight.inventory-association", Warning,
        "No inventory of the whole account disturbs Image Builder",
        "Image Builder collects the packages of an image by an association of `AWS-GatherSoftwareInventory`. A second one for \
         every instance of the account is refused, and the build with it.";
    SECRET_PLACEHOLDER = "preflight.secret-placeholder", Warning,
        "Each secret has a value",
        "Terraform makes names with a placeholder. A worker that finds one waits and takes no task.";
    IMAGE_MISSING = "preflight.image-missing", Warning,
        "There is an image to launch",
        "Until the SSM parameter or images.lock names an image, Terraform makes the group only with \
         `-var without_image=true`, which leaves it out.";
    IMAGE_UNUSABLE = "preflight.image-unusable", Error,
        "The image can be launched",
        "An image that is not there, not available, or of another processor architecture fails each launch.";
    OIDC_PROVIDER = "preflight.oidc-provider", Error,
        "The account's OpenID Connect provider of GitHub is what the fleet expects",
        "There is one provider of a URL in an account: a second one is refused, and a role that trusts one that is not there is \
         assumed by nobody.";
    NOT_CHECKED = "preflight.not-checked", Warning,
        "Each check has its answer",
        "What cannot be asked is not known to be well. `valet-gen preflight --policy` prints the policy that lets everything \
         be asked, and changes nothing.";
}

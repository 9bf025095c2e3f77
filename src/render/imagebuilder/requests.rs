//! The bodies of Image Builder's requests, in the API's member names.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use valet_bake_aws::semantic_version;

use crate::catalog::resource_names::{IMAGE_BUILDER, RESERVED_TAG_KEYS};
use crate::resolve::{Environment, Identity};

/// Where the component's steps and AWSTOE itself run from: /tmp may forbid to run anything.
const WORKING_DIRECTORY: &str = "/opt";

/// Minutes that the tests may take; Image Builder asks for an hour at least.
const TEST_MINUTES: u32 = 60;

/// What says that an image is not finished: promotion replaces it.
const STATUS: (&str, &str) = ("valet:status", "building");

type Tags = BTreeMap<String, String>;

/// `CreateComponent`, without `data` or `uri`: that is component.yml.
pub fn component(environment: &Environment, document: &str) -> Value {
    let identity = &environment.identity;
    versioned(
        json!({
            "name": IMAGE_BUILDER.with(&identity.prefix),
            "semanticVersion": "",
            "description": format!("Provisions and verifies the image of {}", identity.prefix),
            "platform": "Linux",
            "tags": accepted(&identity.tags),
        }),
        document,
    )
}

/// `CreateImageRecipe`, without `components`: they are named by ARN, with the bundle's address and
/// digest. Until they are there the version follows from the component's.
pub fn recipe(environment: &Environment, component: &Value) -> Value {
    let identity = &environment.identity;
    let image = &environment.image;
    versioned(
        json!({
            "name": IMAGE_BUILDER.with(&identity.prefix),
            "semanticVersion": "",
            "description": format!("The image of {}, from {}", identity.prefix, image.base.name),
            "parentImage": format!("ssm:{}", image.base.parameter),
            "blockDeviceMappings": [{
                "deviceName": "/dev/sda1",
                "ebs": {
                    "encrypted": true,
                    "deleteOnTermination": true,
                    "volumeSize": environment.instances.root_volume.volume_size,
                    "volumeType": "gp3",
                },
            }],
            "workingDirectory": WORKING_DIRECTORY,
            "amiTags": with_status(&identity.tags),
            "tags": accepted(&identity.tags),
        }),
        &component["semanticVersion"].to_string(),
    )
}

/// `CreateInfrastructureConfiguration`, without `instanceProfileName`.
pub fn infrastructure(environment: &Environment) -> Value {
    let identity = &environment.identity;
    json!({
        "name": IMAGE_BUILDER.with(&identity.prefix),
        "description": format!("Where the image of {} is made", identity.prefix),
        "instanceTypes": [environment.image.build_instance_type],
        "terminateInstanceOnFailure": true,
        // These hold for the instances that make and test the image, not for the image.
        "instanceMetadataOptions": {
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        "resourceTags": with_status(&own_tags(identity)),
        "tags": accepted(&identity.tags),
    })
}

/// `CreateDistributionConfiguration`. There are no launch template configurations: the group's
/// template gets an image by promotion, and a build is no promotion.
pub fn distribution(environment: &Environment) -> Value {
    let identity = &environment.identity;
    let image = &environment.image;
    let name = format!(
        "{}-{}-{{{{ imagebuilder:buildDate }}}}",
        identity.prefix, image.base.architecture
    );
    let mut ami = json!({
        "name": name,
        "description": format!(
            "Browser worker of {}, from {}; {}",
            identity.prefix, image.base.name, image.agent
        ),
        "amiTags": with_status(&identity.tags),
    });
    if !image.share_with.is_empty() {
        ami["launchPermission"] = json!({ "userIds": image.share_with });
    }
    let of_region =
        |region: &String| json!({ "region": region, "amiDistributionConfiguration": ami });
    json!({
        "name": IMAGE_BUILDER.with(&identity.prefix),
        "description": format!("Where the image of {} goes", identity.prefix),
        "distributions": image.regions.iter().map(of_region).collect::<Vec<_>>(),
        "tags": accepted(&identity.tags),
    })
}

/// `CreateImage`, without the ARNs of the others.
pub fn image(environment: &Environment) -> Value {
    json!({
        "imageTestsConfiguration": {
            "imageTestsEnabled": true,
            "timeoutMinutes": TEST_MINUTES,
        },
        "enhancedImageMetadataEnabled": true,
        "tags": with_status(&environment.identity.tags),
    })
}

fn versioned(mut request: Value, content: &str) -> Value {
    request["semanticVersion"] = Value::from(semantic_version(&request, content));
    request
}

/// The tags that Image Builder takes: keys in plain ASCII. EC2 takes others as well, so an image
/// can still get them from whoever promotes it.
fn accepted(tags: &Tags) -> Tags {
    let is_plain = |letter: char| {
        letter.is_ascii_alphanumeric()
            || letter.is_ascii_whitespace()
            || "_.:/=+-@".contains(letter)
    };
    let mut tags = tags.clone();
    tags.retain(|key, _| key.chars().all(is_plain));
    tags
}

fn with_status(tags: &Tags) -> Tags {
    let mut tags = accepted(tags);
    tags.insert(STATUS.0.to_owned(), STATUS.1.to_owned());
    tags
}

/// Without fleet.toml's: Image Builder takes 30 tags for what it launches, fleet.toml more.
fn own_tags(identity: &Identity) -> Tags {
    let is_own = |key: &String| RESERVED_TAG_KEYS.contains(&key.as_str());
    let mut tags = identity.tags.clone();
    tags.retain(|key, _| is_own(key));
    tags
}

//! The bodies of Image Builder's requests: as they are rendered, and with what only the account knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::bake_id::{BakeId, digest_hex};
use crate::tags;
use crate::version::semantic_version;

/// As `valet-gen render` writes them to `imagebuilder/`.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageBuilderDocuments {
    pub component: Value,
    /// The text of `component.yml`.
    pub component_data: String,
    pub recipe: Value,
    pub infrastructure: Value,
    pub distribution: Value,
    pub image: Value,
}

impl ImageBuilderDocuments {
    /// What is part of a bake's identity: everything but what follows from it.
    #[must_use]
    pub fn content(&self) -> Value {
        json!([
            self.component,
            digest_hex(&self.component_data),
            self.recipe,
            self.infrastructure,
            self.distribution,
            self.image,
        ])
    }
}

/// What only the account knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildContext {
    /// Such as `aws`.
    pub partition: String,
    /// 12 digits.
    pub account: String,
    pub region: String,
    /// The bucket of the bundles.
    pub bucket: String,
    pub instance_profile: String,
    pub subnet: String,
    pub security_groups: Vec<String>,
    /// The key of the image's snapshots in each region, by ARN, where they are shared.
    pub image_keys: BTreeMap<String, String>,
    pub source_ami: String,
}

impl BuildContext {
    /// The ARN of a resource of Image Builder in this account and region.
    #[must_use]
    pub fn arn(&self, kind: &str, name: &str) -> String {
        let Self {
            partition,
            region,
            account,
            ..
        } = self;
        format!(
            "arn:{partition}:imagebuilder:{region}:{account}:{kind}/{}",
            name.to_lowercase()
        )
    }

    /// The key of a bundle in the bucket.
    #[must_use]
    pub fn bundle_key(bundle_sha256: &str) -> String {
        format!("bundles/{bundle_sha256}.tar.zst")
    }

    /// Where the build host puts its reports, without the bucket.
    #[must_use]
    pub fn report_prefix(id: &BakeId) -> String {
        format!("reports/{id}")
    }
}

/// The requests, whole but for their tokens, and the ARNs that follow from their names and versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    pub component: Value,
    pub component_arn: String,
    pub recipe: Value,
    pub recipe_arn: String,
    pub infrastructure: Value,
    pub infrastructure_arn: String,
    pub distribution: Value,
    pub distribution_arn: String,
    pub image: Value,
    /// Of the image's version, whose builds are numbered from 1 on.
    pub image_version_arn: String,
}

/// Fills in what only the account knows.
#[must_use]
pub fn fill(
    documents: &ImageBuilderDocuments,
    context: &BuildContext,
    id: &BakeId,
    provenance: &[(&str, &str)],
    bundle_sha256: &str,
) -> Filled {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut component = documents.component.clone();
    component["data"] = Value::from(documents.component_data.as_str());
    add_tags(&mut component["tags"], &[(tags::BAKE_ID, id.as_str())]);
    // The version was computed without this bake's tag: the same component serves every bake.
    let version = text(&documents.component["semanticVersion"]);
    let component_arn = context.arn(
        "component",
        &format!("{}/{version}/1", text(&component["name"])),
    );

    let bucket = &context.bucket;
    let mut recipe = documents.recipe.clone();
    recipe["parentImage"] = Value::from(context.source_ami.as_str());
    recipe["components"] = json!([{
        "componentArn": component_arn,
        "parameters": [
            { "name": "BundleUri", "value": [format!("s3://{bucket}/{}", BuildContext::bundle_key(bundle_sha256))] },
            { "name": "BundleSha256", "value": [bundle_sha256] },
            { "name": "ReportUri", "value": [format!("s3://{bucket}/{}", BuildContext::report_prefix(id))] },
        ],
    }]);
    add_tags(&mut recipe["amiTags"], provenance);
    add_tags(
        &mut recipe["tags"],
        &[
            (tags::BAKE_ID, id.as_str()),
            (tags::BUNDLE_SHA256, bundle_sha256),
        ],
    );
    let recipe_version = semantic_version(&recipe, &version);
    recipe["semanticVersion"] = Value::from(recipe_version.as_str());
    let recipe_name = format!("{}/{recipe_version}", text(&recipe["name"]));

    let mut infrastructure = documents.infrastructure.clone();
    infrastructure["instanceProfileName"] = Value::from(context.instance_profile.as_str());
    infrastructure["subnetId"] = Value::from(context.subnet.as_str());
    infrastructure["securityGroupIds"] = json!(context.security_groups);
    add_tags(
        &mut infrastructure["resourceTags"],
        &[(tags::BAKE_ID, id.as_str())],
    );
    add_tags(&mut infrastructure["tags"], &[(tags::BAKE_ID, id.as_str())]);
    name_by_content(&mut infrastructure);

    let mut distribution = documents.distribution.clone();
    for region in distribution["distributions"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let key = context
            .image_keys
            .get(region["region"].as_str().unwrap_or_default());
        let ami = &mut region["amiDistributionConfiguration"];
        add_tags(&mut ami["amiTags"], provenance);
        if let Some(key) = key {
            ami["kmsKeyId"] = Value::from(key.as_str());
        }
        // The bake shares it itself, when it is proven and not before.
        if let Some(ami) = ami.as_object_mut() {
            ami.remove("launchPermission");
        }
    }
    add_tags(&mut distribution["tags"], &[(tags::BAKE_ID, id.as_str())]);
    name_by_content(&mut distribution);

    let mut image = documents.image.clone();
    let infrastructure_arn = context.arn(
        "infrastructure-configuration",
        &text(&infrastructure["name"]),
    );
    let distribution_arn = context.arn("distribution-configuration", &text(&distribution["name"]));
    let recipe_arn = context.arn("image-recipe", &recipe_name);
    image["imageRecipeArn"] = Value::from(recipe_arn.as_str());
    image["infrastructureConfigurationArn"] = Value::from(infrastructure_arn.as_str());
    image["distributionConfigurationArn"] = Value::from(distribution_arn.as_str());
    add_tags(&mut image["tags"], &[(tags::BAKE_ID, id.as_str())]);
    Filled {
        component,
        component_arn,
        recipe,
        recipe_arn,
        infrastructure,
        infrastructure_arn,
        distribution,
        distribution_arn,
        image,
        image_version_arn: context.arn("image", &recipe_name),
    }
}

/// A configuration of a name can be changed under a bake that uses it: its name says what it holds.
fn name_by_content(request: &mut Value) {
    let mut content = request.clone();
    content.sort_all_objects();
    let digest = digest_hex(content.to_string());
    let name = request["name"].as_str().unwrap_or_default();
    request["name"] = Value::from(format!("{name}-{}", &digest[..12]));
}

fn add_tags(tags: &mut Value, more: &[(&str, &str)]) {
    for (key, value) in more {
        tags[*key] = Value::from(*value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents() -> ImageBuilderDocuments {
        let named =
            json!({ "name": "valet-production-worker", "semanticVersion": "1.2.3", "tags": {} });
        ImageBuilderDocuments {
            component: named.clone(),
            component_data: "data".to_owned(),
            recipe: named.clone(),
            infrastructure: named.clone(),
            distribution: json!({ "name": "Valet", "distributions": [
                { "region": "us-east-1" },
                { "region": "us-west-2", "amiDistributionConfiguration": {
                    "name": "image",
                    "launchPermission": { "userIds": ["111122223333"] },
                } },
            ] }),
            image: json!({}),
        }
    }

    fn filled(subnet: &str, source_ami: &str) -> Filled {
        let context = BuildContext {
            partition: "aws".to_owned(),
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: "bucket".to_owned(),
            instance_profile: "profile".to_owned(),
            subnet: subnet.to_owned(),
            security_groups: vec!["sg-1".to_owned()],
            image_keys: BTreeMap::from([(
                "us-west-2".to_owned(),
                "arn:aws:kms:us-west-2:1:key/2".to_owned(),
            )]),
            source_ami: source_ami.to_owned(),
        };
        let id = BakeId::parse("valet-production-x86_64-0123456789abcdef").expect("an id");
        fill(
            &documents(),
            &context,
            &id,
            &[(tags::BAKE_ID, id.as_str())],
            "ab",
        )
    }

    #[test]
    fn what_differs_has_another_name_or_version() {
        let one = filled("subnet-1", "ami-1");
        let other_subnet = filled("subnet-2", "ami-1");
        assert_ne!(one.infrastructure_arn, other_subnet.infrastructure_arn);
        assert_eq!(one.recipe_arn, other_subnet.recipe_arn);
        let other_base = filled("subnet-1", "ami-2");
        assert_ne!(one.recipe_arn, other_base.recipe_arn);
        assert_eq!(one.component_arn, other_base.component_arn);
    }

    #[test]
    fn a_region_has_its_own_key_and_nothing_is_shared_yet() {
        let distribution = filled("subnet-1", "ami-1").distribution;
        let of = |place: usize| {
            distribution["distributions"][place]["amiDistributionConfiguration"].clone()
        };
        assert_eq!(of(0).get("kmsKeyId"), None);
        assert_eq!(of(1)["kmsKeyId"], "arn:aws:kms:us-west-2:1:key/2");
        assert_eq!(of(1).get("launchPermission"), None);
    }

    #[test]
    fn arns_are_in_lower_case_as_image_builder_makes_them() {
        let arn = filled("subnet-1", "ami-1").distribution_arn;
        assert!(
            arn.starts_with(
                "arn:aws:imagebuilder:us-east-1:123456789012:distribution-configuration/valet-"
            ),
            "{arn}"
        );
    }
}

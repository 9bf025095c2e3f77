//! The five requests.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use valet_gen::render::semantic_version;

use super::model::{operation, problems};
use super::{Documents, documents, documents_of};
use test_support::pipeline::fixture_text;

/// Each request, and what is filled in when it is sent: only the account knows it, or the attempt.
const REQUESTS: [(&str, &str, &[&str]); 5] = [
    ("component", "CreateComponent", &[]),
    ("recipe", "CreateImageRecipe", &[]),
    (
        "infrastructure",
        "CreateInfrastructureConfiguration",
        &["instanceProfileName"],
    ),
    ("distribution", "CreateDistributionConfiguration", &[]),
    ("image", "CreateImage", &["infrastructureConfigurationArn"]),
];

#[test]
fn the_model_accepts_each_once_it_is_filled_in() {
    for documents in documents() {
        for (file, name, filled_in) in REQUESTS {
            let shape = operation(name);
            let expected: BTreeSet<String> = filled_in
                .iter()
                .chain(&["clientToken"])
                .map(|member| format!(".{member} is missing"))
                .collect();
            let found: BTreeSet<String> = problems(&shape, documents.request(file))
                .into_iter()
                .collect();
            assert_eq!(found, expected, "{file}");
        }
    }
}

/// The model says something: each of these is refused.
#[test]
fn the_model_refuses_what_is_wrong() {
    let documents = documents();
    let wrong: [(&str, &str, &str, Value); 7] = [
        ("component", "CreateComponent", "/platform", json!("BeOS")),
        (
            "component",
            "CreateComponent",
            "/semanticVersion",
            json!("1.x.0"),
        ),
        ("component", "CreateComponent", "/name", json!("a.b")),
        (
            "recipe",
            "CreateImageRecipe",
            "/blockDeviceMappings/0/ebs/volumeSize",
            json!(0),
        ),
        ("recipe", "CreateImageRecipe", "/amiTags", json!({})),
        (
            "infrastructure",
            "CreateInfrastructureConfiguration",
            "/instanceMetadataOptions",
            json!({ "httpTokens": "never" }),
        ),
        (
            "distribution",
            "CreateDistributionConfiguration",
            "/distributions/0/amiDistributionConfiguration/names",
            json!("x"),
        ),
    ];
    for (file, name, pointer, value) in wrong {
        let mut request = documents[0].request(file).clone();
        let before = problems(&operation(name), &request).len();
        let (above, last) = pointer.rsplit_once('/').expect("a pointer");
        let above = request.pointer_mut(above).expect("there");
        above[last] = value;
        let after = problems(&operation(name), &request).len();
        assert_eq!(after, before + 1, "{pointer}");
    }
}

#[test]
fn they_say_what_the_fleet_says() {
    for documents in documents() {
        let image = &documents.environment.image;
        let recipe = documents.request("recipe");
        assert_eq!(
            recipe["parentImage"],
            format!("ssm:{}", image.base.parameter)
        );
        let volume = &recipe["blockDeviceMappings"][0]["ebs"];
        assert_eq!(volume["encrypted"], true);
        assert_eq!(volume["volumeType"], "gp3");
        assert_eq!(recipe["amiTags"]["valet:status"], "building");
        let infrastructure = documents.request("infrastructure");
        let metadata = &infrastructure["instanceMetadataOptions"];
        assert_eq!(
            *metadata,
            json!({ "httpTokens": "required", "httpPutResponseHopLimit": 1 })
        );
        assert_eq!(
            infrastructure["instanceTypes"],
            json!([image.build_instance_type])
        );
        let distributions = documents.request("distribution")["distributions"].as_array();
        let distributions = distributions.expect("a list");
        assert_eq!(distributions.len(), image.regions.len());
        for (of_region, region) in distributions.iter().zip(&image.regions) {
            assert_eq!(of_region["region"], *region);
            assert_eq!(of_region.get("launchTemplateConfigurations"), None);
            let ami = &of_region["amiDistributionConfiguration"];
            let name = ami["name"].as_str().expect("a name");
            assert!(name.contains("{{ imagebuilder:buildDate }}"), "{name}");
            let shared = ami.get("launchPermission").map(|it| &it["userIds"]);
            let expected = json!(image.share_with);
            assert_eq!(shared.is_some(), !image.share_with.is_empty());
            assert_eq!(*shared.unwrap_or(&expected), expected);
        }
    }
}

/// What is left out is only what Image Builder refuses.
#[test]
fn every_tag_that_is_accepted_is_there() {
    for documents in documents() {
        let tags = &documents.environment.identity.tags;
        for (file, request) in &documents.requests {
            for (key, value) in tags.iter().filter(|(key, _)| key.is_ascii()) {
                assert_eq!(request["tags"][key], *value, "{key} in {file}");
            }
        }
    }
}

/// What only the account knows is left out, not made up.
#[test]
fn no_request_has_a_placeholder() {
    for documents in documents() {
        for (file, request) in &documents.requests {
            let text = request.to_string();
            for placeholder in ["${", "arn:", "TODO", "<", "123456789012"] {
                assert!(!text.contains(placeholder), "{placeholder} in {file}");
            }
        }
    }
}

fn versions(documents: &Documents) -> [String; 2] {
    ["component", "recipe"].map(|file| documents.request(file)["semanticVersion"].to_string())
}

#[test]
fn the_same_content_has_the_same_version_and_other_content_another() {
    let minimal = fixture_text("golden-minimal");
    let first = &documents_of(&minimal)[0];
    assert_eq!(versions(&documents_of(&minimal)[0]), versions(first));
    // The volume is the recipe's alone, and the fleet's name everything's.
    let larger = format!("{minimal}[instances.root_volume]\nvolume_size = 123\n");
    let [component, recipe] = versions(&documents_of(&larger)[0]);
    assert_eq!(component, versions(first)[0]);
    assert_ne!(recipe, versions(first)[1]);
    let renamed = minimal.replacen("name = \"", "name = \"x", 1);
    let [component, recipe] = versions(&documents_of(&renamed)[0]);
    assert_ne!(component, versions(first)[0]);
    assert_ne!(recipe, versions(first)[1]);
}

/// What is written beside a request is what is worked out again when it is filled in.
#[test]
fn a_version_can_be_worked_out_again() {
    for documents in documents() {
        let component = documents.request("component");
        let version = semantic_version(component, &documents.component);
        assert_eq!(component["semanticVersion"], version);
        for number in version.split('.') {
            assert!(number.parse::<u32>().expect("a number") < 1 << 30);
        }
    }
}

//! The image that the group launches.

use serde_json::json;

use crate::preflight::call::{Call, list, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::{IMAGE_MISSING, IMAGE_UNUSABLE};
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[Check {
    subject: "the image",
    scope: Scope::Environment,
    concerns_bakes: false,
    actions: &["ec2:DescribeImages", "ssm:GetParameter"],
    run: image,
}];

fn image(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let image = &ctx.environment.image;
    let name = &ctx.environment.identity.environment;
    let path = || ctx.declared_or("image.source", "image");
    let (ami, whose) = match &image.locked_ami {
        Some(ami) => (ami.as_str(), "images.lock".to_owned()),
        None => {
            let call = Call::new(
                "ssm",
                ctx.region(),
                "GetParameter",
                json!({ "Name": image.parameter }),
                &["Parameter", "Value"],
            );
            let Some(answer) = facts.find(call)? else {
                out.add(
                    IMAGE_MISSING,
                    path(),
                    format!("environment `{name}` has no image: neither images.lock nor {} names one", image.parameter),
                    "nothing can be launched",
                    format!(
                        "run `terraform apply -var without_image=true`, then `valet-gen bake --environment {name}` and `valet-gen bake promote --environment {name}`"
                    ),
                );
                return Ok(());
            };
            (text(&answer["Parameter"], "Value"), image.parameter.clone())
        }
    };
    let call = Call::new(
        "ec2",
        ctx.region(),
        "DescribeImages",
        json!({ "ImageId": [ami] }),
        &["imagesSet", "imageId", "imageState", "architecture"],
    );
    let found = facts
        .find(call)?
        .and_then(|answer| list(answer, "imagesSet").first());
    let architecture = ctx.environment.instances.architecture.as_str();
    let problem = match found {
        None => Some("it is not there".to_owned()),
        Some(it) if text(it, "imageState") != "available" => {
            Some(format!("it is {}", text(it, "imageState")))
        }
        Some(it) if text(it, "architecture") != architecture => Some(format!(
            "it is for {}, and the fleet runs on {architecture}",
            text(it, "architecture")
        )),
        Some(_) => None,
    };
    if let Some(problem) = problem {
        out.add(
            IMAGE_UNUSABLE,
            path(),
            format!("{ami}, which environment `{name}` launches in {}, cannot be launched: {problem}", ctx.region()),
            format!("{whose} names it"),
            format!("promote another image with `valet-gen bake promote --environment {name}`, or go back with `valet-gen bake rollback --environment {name}`"),
        );
    }
    Ok(())
}

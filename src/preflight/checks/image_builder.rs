//! What disturbs Image Builder.

use serde_json::json;

use crate::fleet::Builder;
use crate::preflight::call::{Call, list, text};
use crate::preflight::check::{Check, Context, Scope};
use crate::preflight::explanations::INVENTORY;
use crate::preflight::facts::{Facts, Stop};
use crate::preflight::finding::Findings;

pub const CHECKS: &[Check] = &[Check {
    subject: "inventory associations",
    scope: Scope::Environment,
    concerns_bakes: true,
    actions: &["ssm:ListAssociations"],
    run: inventory,
}];

fn inventory(ctx: &Context<'_>, facts: &Facts, out: &mut Findings) -> Result<(), Stop> {
    let image = &ctx.environment.image;
    if image.builder != Builder::ImageBuilder || image.shared_by.is_some() {
        return Ok(());
    }
    let call = Call::new(
        "ssm",
        ctx.region(),
        "ListAssociations",
        json!({ "AssociationFilterList": [{ "key": "Name", "value": "AWS-GatherSoftwareInventory" }] }),
        &["Associations", "AssociationId", "Targets", "Key", "Values"],
    );
    let of_all = list(facts.get(call)?, "Associations")
        .iter()
        .find(|association| {
            let targets = list(association, "Targets").iter();
            let mut of_instances = targets.filter(|it| text(it, "Key") == "InstanceIds");
            of_instances.any(|it| list(it, "Values").iter().any(|value| value == "*"))
        });
    if let Some(association) = of_all {
        out.add(
            INVENTORY,
            ctx.declared_or("image.builder", "image"),
            format!("association {} takes an inventory of every instance of the account", text(association, "AssociationId")),
            "Image Builder takes one of its build hosts itself",
            "limit the association's targets to a tag, which build hosts do not have; or say `builder = \"packer\"`",
        );
    }
    Ok(())
}

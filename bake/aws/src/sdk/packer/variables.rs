//! The values of the template's variables. Each is computed from what goes into the image, and none is believed.

use std::path::Path;

use serde_json::{Value, json};

use super::bake::PackerBake;
use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::BuildContext;

/// The longest id that the template takes, in characters.
const MAX_ID: usize = 64;

/// The template's variables, as a `.pkrvars.json` has them.
///
/// # Errors
/// When one of them has no value.
pub fn variables(
    packer: &PackerBake<'_>,
    id: &BakeId,
    context: &BuildContext,
    reports: &Path,
) -> Result<Value, AwsError> {
    let mut variables = json!({
        "bake_id": id.as_str(),
        "config_digest": packer.request.config_sha256,
        "git_commit": commit(packer)?,
        "instance_profile": context.instance_profile,
        "report_folder": reports,
        "security_group_ids": context.security_groups,
        "source_ami": context.source_ami,
        "subnet_id": context.subnet,
        "worker_sha256": agent(packer)?,
    });
    let mut keys = context.image_keys.clone();
    if let Some(key) = keys.remove(packer.request.region) {
        variables["kms_key_id"] = Value::from(key);
        // The bake shares the image itself, when it is proven and not before.
        variables["share_with"] = json!([]);
    }
    if !keys.is_empty() {
        variables["region_kms_key_ids"] = json!(keys);
    }
    Ok(variables)
}

/// What the template asks for, before anything is made.
///
/// # Errors
/// When the payload has no agent, the fleet file is in no repository, or the names are too long.
pub fn check(packer: &PackerBake<'_>, id: &BakeId) -> Result<(), AwsError> {
    agent(packer)?;
    commit(packer)?;
    if id.as_str().len() <= MAX_ID {
        return Ok(());
    }
    Err(AwsError::new(
        ErrorKind::Usage,
        id,
        format!("Packer's template takes an id of {MAX_ID} characters at the most"),
        "shorten the names of fleet and environment, or say `builder = \"imagebuilder\"` in [image]",
    ))
}

fn agent<'p>(packer: &PackerBake<'p>) -> Result<&'p str, AwsError> {
    packer.request.worker_sha256.ok_or_else(|| {
        AwsError::new(
            ErrorKind::Usage,
            "the payload",
            "it has no valet-worker, and Packer's template tags the image with the agent's digest",
            "put the agent into the payload; docs/bake.md says what belongs in it",
        )
    })
}

fn commit<'p>(packer: &PackerBake<'p>) -> Result<&'p str, AwsError> {
    packer.request.commit.ok_or_else(|| {
        AwsError::new(
            ErrorKind::Usage,
            "the folder of the fleet file",
            "Git has no commit of it, and Packer's template tags the image with one",
            "commit fleet.toml, or say `builder = \"imagebuilder\"` in [image], which takes none",
        )
    })
}

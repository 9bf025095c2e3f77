//! A bake that goes on: what it was begun with.

use super::clients::AwsClients;
use super::recipes::recipes_named;
use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::journal::{Entry, Journal, Start};
use crate::request::AwsBakeRequest;

/// The content has to be what the interrupted bake was begun with.
pub fn refuse_other_id(request: &AwsBakeRequest<'_>, id: &BakeId) -> Result<(), AwsError> {
    match request.resume.filter(|resumed| *resumed != id.as_str()) {
        None => Ok(()),
        Some(resumed) => Err(AwsError::new(
            ErrorKind::Unsafe,
            resumed,
            format!("fleet.toml and the payload make another image now: {id}"),
            "check out the commit that it was begun with, or run `valet-gen bake` without --resume and `valet-gen bake abort` for the old one",
        )),
    }
}

/// The base that an interrupted bake began with: from its journal, or, on another machine, from its recipe.
///
/// # Errors
/// When neither is there, or AWS refuses a call.
pub async fn resumed_base(
    account: &AwsClients,
    request: &AwsBakeRequest<'_>,
    id: &str,
) -> Result<String, AwsError> {
    if let (_, Some(base)) = journalled_base(request, id)? {
        return Ok(base);
    }
    let name = request.documents.recipe["name"]
        .as_str()
        .unwrap_or_default();
    let recipes = recipes_named(account, name).await?;
    let of_id = recipes.into_iter().find(|recipe| recipe.bake_id == id);
    of_id.map(|recipe| recipe.source_ami).ok_or_else(|| {
        AwsError::new(
            ErrorKind::Usage,
            id,
            "neither a journal nor a recipe of Image Builder has this id",
            "run `valet-gen bake` without --resume: nothing of it was made",
        )
    })
}

/// The id that was typed, and the base in its journal, where this machine has it.
///
/// # Errors
/// When it is no id, or the journal is of another fleet or cannot be read.
pub fn journalled_base(
    request: &AwsBakeRequest<'_>,
    id: &str,
) -> Result<(BakeId, Option<String>), AwsError> {
    let Some(bake_id) = BakeId::parse(id) else {
        return Err(AwsError::new(
            ErrorKind::Usage,
            id,
            "this is not the id of a bake",
            "an id ends with 16 hexadecimal digits; `valet-gen bake status` lists the bakes that go on",
        ));
    };
    if !id.starts_with(&format!("{}-", request.prefix)) {
        return Err(AwsError::new(
            ErrorKind::Usage,
            id,
            format!("it is not a bake of {}", request.prefix),
            "name the fleet file and --environment that it was begun with",
        ));
    }
    let journal = Journal::read(request.journals, &bake_id).map_err(|error| {
        AwsError::new(
            ErrorKind::File,
            "journal",
            error,
            "move the file away: what is in AWS is found without it",
        )
    })?;
    let start = journal.into_iter().flatten().find_map(|entry| match entry {
        Entry::Start { start, .. } => Some(start),
        _ => None,
    });
    let Some(start) = start else {
        return Ok((bake_id, None));
    };
    let Start {
        fleet, environment, ..
    } = &start;
    if (fleet.as_str(), environment.as_str()) == (request.fleet, request.environment) {
        return Ok((bake_id, Some(start.source_ami)));
    }
    Err(AwsError::new(
        ErrorKind::Unsafe,
        id,
        format!("its journal is that of fleet `{fleet}`, environment `{environment}`"),
        "name the fleet file and --environment that it was begun with",
    ))
}

//! A bake that goes on: what it was begun with.

use std::path::Path;

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
    if !bake_id.is_of(request.prefix) {
        return Err(AwsError::new(
            ErrorKind::Usage,
            id,
            format!("it is not a bake of {}", request.prefix),
            "name the fleet file and --environment that it was begun with",
        ));
    }
    let Some(start) = starts(request.journals, &bake_id)?.into_iter().next() else {
        return Ok((bake_id, None));
    };
    if (start.fleet.as_str(), start.environment.as_str()) == (request.fleet, request.environment) {
        return Ok((bake_id, Some(start.source_ami)));
    }
    Err(other_journal(id, &start))
}

/// What each run of a bake began with, as its journal on this machine says it; nothing where there is none.
///
/// # Errors
/// When the journal cannot be read.
pub fn starts(journals: &Path, id: &BakeId) -> Result<Vec<Start>, AwsError> {
    let journal = Journal::read(journals, id).map_err(|error| {
        AwsError::new(
            ErrorKind::File,
            "journal",
            error,
            "move the file away: what is in AWS is found without it",
        )
    })?;
    let starts = journal
        .into_iter()
        .flatten()
        .filter_map(|entry| match entry {
            Entry::Start { start, .. } => Some(start),
            _ => None,
        });
    Ok(starts.collect())
}

/// The journal of a bake is that of another fleet or environment.
pub fn other_journal(id: &str, start: &Start) -> AwsError {
    let Start {
        fleet, environment, ..
    } = start;
    AwsError::new(
        ErrorKind::Unsafe,
        id,
        format!("its journal is that of fleet `{fleet}`, environment `{environment}`"),
        "name the fleet file and --environment that it was begun with",
    )
}

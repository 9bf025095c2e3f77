//! `valet-gen bake status` and `valet-gen bake abort`

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use valet_bake_aws::BakeId;
use valet_bake_aws::sdk::{self, BakeQuery};

use super::inputs::Inputs;
use super::show::{Progress, run_plain};
use crate::catalog::resource_names::IMAGE_BUILDER;
use crate::cli::bake::{AbortArgs, LifeArgs, results};
use crate::cli::exit::usage_error;
use crate::cli::{Exit, ResultFormat, print};
use crate::resolve::Environment;

/// Seconds between two looks at a build that is cancelled.
const POLL: Duration = Duration::from_secs(5);

pub fn status(arguments: &LifeArgs) -> Exit {
    let listed = || {
        let inputs = Inputs::read(&arguments.fleet, arguments.environment.as_deref())?;
        let name = image_builder_name(inputs.environment());
        let journals = results(&arguments.fleet, arguments.out.as_deref());
        let unfinished = run_plain(sdk::status(whose(inputs.environment(), &name, &journals)))?;
        if arguments.format == ResultFormat::Json {
            print::line_to_stdout(serde_json::to_string_pretty(&unfinished).unwrap_or_default());
            return Ok(Exit::Success);
        }
        if unfinished.is_empty() {
            print::line_to_stdout("every bake that was begun is finished");
        }
        for bake in unfinished {
            print::line_to_stdout(format_args!(
                "{}  {}  begun {}  base {}",
                bake.bake_id, bake.state, bake.begun, bake.source_ami
            ));
        }
        Ok(Exit::Success)
    };
    listed().unwrap_or_else(|exit: Exit| exit)
}

pub fn abort(arguments: &AbortArgs) -> Exit {
    let aborted = || {
        let Some(id) = BakeId::parse(&arguments.id) else {
            return Err(usage_error(
                &arguments.id,
                &"this is not the id of a bake",
                "an id ends with 16 hexadecimal digits; `valet-gen bake status` lists them",
            ));
        };
        let inputs = Inputs::read(&arguments.of.fleet, arguments.of.environment.as_deref())?;
        let environment = inputs.environment();
        if !id.is_of(&environment.identity.prefix) {
            return Err(usage_error(
                &arguments.id,
                &format!("it is not a bake of {}", environment.identity.prefix),
                "name its fleet file with --fleet, and its environment with --environment",
            ));
        }
        let name = image_builder_name(environment);
        let journals = results(&arguments.of.fleet, arguments.of.out.as_deref());
        let mut progress = Progress::new();
        let result = run_plain(sdk::abort(
            whose(environment, &name, &journals),
            &id,
            POLL,
            &mut |event| progress.show(event),
        ));
        progress.finish();
        result?;
        match arguments.of.format {
            ResultFormat::Human => {
                print::line_to_stdout(format_args!("{id} is ended, and nothing of it is left"));
            }
            ResultFormat::Json => {
                let ended = json!({ "bake_id": arguments.id, "state": "ended" });
                print::line_to_stdout(serde_json::to_string_pretty(&ended).unwrap_or_default());
            }
        }
        Ok(Exit::Success)
    };
    aborted().unwrap_or_else(|exit| exit)
}

fn image_builder_name(environment: &Environment) -> String {
    IMAGE_BUILDER.with(&environment.identity.prefix)
}

fn whose<'e>(
    environment: &'e Environment,
    image_builder_name: &'e str,
    journals: &'e Path,
) -> BakeQuery<'e> {
    BakeQuery {
        journals,
        prefix: &environment.identity.prefix,
        image_builder_name,
        region: &environment.identity.region,
        regions: &environment.image.regions,
    }
}

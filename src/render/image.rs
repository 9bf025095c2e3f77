//! The golden image: what is run to make it, the files that this puts in place, and what is run
//! to verify it. Packer, EC2 Image Builder and `valet-gen bake --local` all take these same files,
//! so that what is tested is what is baked.
//!
//! `provision.sh` runs the steps of `provision/` in their order, as root, in the root file system
//! that becomes the image. A step finds everything beside it by `VALET_IMAGE`, the folder that
//! holds `provision.sh`. Every step leaves a root file system that it was already run in as it is.

mod contents;
mod context;
mod files;

use sha2::{Digest as _, Sha256};

use context::ImageContext;
pub use context::contexts;
use files::FILES;

use super::engine::{Engine, RenderError};
use super::format::{FileSet, Template};
use super::provenance;
use crate::resolve::{Environment, Plan};

/// One file of the image.
struct File {
    /// Its path below `image/`.
    path: &'static str,
    /// What it is about, for its first line.
    subject: &'static str,
    kind: Kind,
    template: Template,
    /// Whether there is anything to say.
    applies: fn(&Environment) -> bool,
}

/// What reads a file, which decides what it begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// bash.
    Script,
    /// Something for which a line that begins with `#` is a comment.
    Configuration,
    /// Something in which a comment begins with `//`.
    Slashes,
}

fn always(_: &Environment) -> bool {
    true
}

/// Every template of this format.
pub fn templates() -> Vec<Template> {
    FILES.iter().map(|file| file.template).collect()
}

/// Renders the image's files of every environment.
pub fn render(engine: &Engine, plan: &Plan, files: &mut FileSet) -> Result<(), RenderError> {
    for environment in &plan.environments {
        let name = &environment.identity.environment;
        let context = engine.context(&ImageContext::of(environment))?;
        for file in FILES.iter().filter(|file| (file.applies)(environment)) {
            let mut text = header(file);
            text.push_str(&engine.render(file.template.name, &context)?);
            files.insert(format!("{name}/image/{}", file.path), text);
        }
        let made = made_script(files, &format!("{name}/image"));
        files.insert(format!("{name}/image/verify/made.sh"), made);
        for (path, text) in contents::files(&environment.image) {
            files.insert(format!("{name}/image/{path}"), text);
        }
    }
    Ok(())
}

/// What `verify.sh` holds an image against: the firewall's rules, which it loads beside those that are there, and the
/// SHA-256 of each unit.
fn made_script(files: &FileSet, image: &str) -> String {
    let head = provenance::of_image("#", "what the image is made of");
    let rules = &files[&format!("{image}/files/etc/nftables.conf")];
    let folder = format!("{image}/units/");
    let units: String = files
        .iter()
        .filter_map(|(path, text)| Some((path.strip_prefix(&folder)?, text)))
        .map(|(unit, text)| format!("{}  {unit}\n", hex::encode(Sha256::digest(text))))
        .collect();
    format!(
        "#!/usr/bin/env bash\n{head}expected_rules() {{\n  cat <<'RULES'\n{rules}RULES\n}}\n\n\
         expected_units() {{\n  cat <<'UNITS'\n{units}UNITS\n}}\n"
    )
}

/// The interpreter, where there is one, and the two lines at the head of every file.
fn header(file: &File) -> String {
    let mut header = String::new();
    if file.kind == Kind::Script {
        header.push_str("#!/usr/bin/env bash\n");
    }
    let comment = match file.kind {
        Kind::Script | Kind::Configuration => "#",
        Kind::Slashes => "//",
    };
    header.push_str(&provenance::of_image(comment, file.subject));
    header
}

//! The page of the hardening controls.

use std::fmt::Write as _;

use super::notice::notice;
use crate::catalog::controls::{self, CIS_BENCHMARK, Control, Proof, Verify};

pub fn page() -> String {
    let notice = notice("src/catalog/controls");
    let mut page = format!(
        "{notice}# Hardening controls\n\n\
         What holds on every worker, what makes it hold, and how that is proven. `valet-gen audit` \
         says in which line of a rendering each is enforced.\n\n\
         A waiver in `image.hardening.waivers` names a control by its id; one that cannot be \
         waived says so. *CIS* is the section of the {CIS_BENCHMARK}. What is verified by a command is \
         run by `image/verify.sh`, with the functions of `image/verify/`.\n\n\
         *By effect*: the command asks the program that decides, or tries what is forbidden. *By \
         configuration*: it reads everything that decides as a whole, and the effect shows on a \
         running host only. The first word is about an image that is being made, the second about a \
         running host; *birth* is proven at the first start of an image.\n\n\
         A list of requirements that you have to answer for, such as a customer's checklist, goes \
         into `requirements.toml` beside fleet.toml: `valet-gen audit` then says which of them are \
         accounted for.\n\n\
         ```toml\n\
         [[requirement]]\n\
         id = \"18\"\n\
         text = \"Only IMDSv2 answers\"\n\
         controls = [\"aws.imdsv2\"]\n\
         ```\n"
    );
    let mut group = None;
    for control in controls::all() {
        if group != Some(control.group) {
            group = Some(control.group);
            let _ = write!(
                page,
                "\n## {}\n\n\
                 | control | holds | enforced by | verified by | CIS | may break | waivable |\n\
                 |---|---|---|---|---|---|---|\n",
                control.group.title()
            );
        }
        page.push_str(&row(control));
    }
    page
}

fn row(control: &Control) -> String {
    format!(
        "| `{}` | {} | {}: {} | {} | {} | {} | {} |\n",
        control.id,
        control.title,
        control.enforced.as_str(),
        control.applied,
        verified(control.verify),
        control.cis.map_or("", |cis| cis.section),
        control.may_break.unwrap_or_default(),
        if control.waivable { "yes" } else { "no" }
    )
}

fn verified(verify: Verify) -> String {
    match verify {
        Verify::Command {
            run,
            in_image,
            on_host,
        } => format!("{}: {}", proof(in_image, on_host), code(run)),
        Verify::Rendered(how) => how.to_owned(),
        Verify::People(who) => format!("nobody but {who}"),
    }
}

fn proof(in_image: Proof, on_host: Proof) -> String {
    let host = match on_host {
        Proof::NotHere => "birth",
        known => known.as_str(),
    };
    format!("{} / {host}", in_image.as_str())
}

/// Code in a cell. A table is cut at its bars before code is looked for, so they are escaped.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

//! The list of this machine's packages, as `image/verify.sh` writes it, in the words of its standard.

use std::process::Command;

use crate::trials::{Problem, Trials};
use test_support::{folders, programs, python};

pub fn add(trials: &mut Trials) {
    let needed = ["bash", "timeout", "dpkg-query"];
    trials.add("bill of materials", &needed, is_cyclone_dx);
}

fn is_cyclone_dx() -> Result<(), Problem> {
    let bill = folders::fresh("terraform/bill-of-materials")?.join("sbom.json");
    let mut verify = Command::new("bash");
    verify
        .arg(folders::generated().join("production/image/verify.sh"))
        // One check that reads a file or two; whether it holds here is not the question.
        .args(["--only", "image.machine-id-blank", "--sbom"])
        .arg(&bill);
    let verified = programs::run(&mut verify, "verify")?;
    if !matches!(verified.status.code(), Some(0 | 1)) {
        return Err(verified.explain("it wrote no bill of materials").into());
    }
    let mut check =
        python::script(&folders::repository().join("tests/terraform/python/check_bill.py"))?;
    programs::run(check.arg(&bill), "check bill")?.success()?;
    Ok(())
}

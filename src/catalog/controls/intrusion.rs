//! Attempts to get in.

use super::control::{Control, EnforcedBy, Group, Proof, Verify};

pub const CONTROLS: &[Control] = &[Control {
    id: "os.fail2ban",
    group: Group::Intrusion,
    title: "Addresses with repeated failed logins are banned",
    cis: None,
    enforced: EnforcedBy::Image,
    applied: "fail2ban, with the journal of sshd as its source",
    verify: Verify::Command {
        run: "runs fail2ban.service && bans sshd",
        in_image: Proof::Effect,
        on_host: Proof::Effect,
    },
    may_break: Some("it does nothing while sshd is masked"),
    waivable: true,
}];

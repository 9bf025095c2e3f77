//! Attempts to get in.

use super::{Control, EnforcedBy, Group, Verify, VerifyPhase};

pub const CONTROLS: &[Control] = &[Control {
    id: "os.fail2ban",
    group: Group::Intrusion,
    title: "Repeated failures to log in are banned",
    cis: None,
    enforced: EnforcedBy::Image,
    applied: "fail2ban, with the journal of sshd as its source",
    verify: Verify::Command {
        run: "fail2ban-client -t && systemctl is-enabled -q fail2ban.service",
        when: VerifyPhase::Offline,
    },
    may_break: Some("it has nothing to do while sshd is masked"),
    waivable: true,
}];

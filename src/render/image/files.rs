//! The list of the image's files.

use super::{File, Kind, always};
use crate::render::Template;
use crate::resolve::Environment;

macro_rules! file {
    ($kind:ident, $path:literal, $subject:literal) => {
        file!($kind, $path, $subject, always)
    };
    ($kind:ident, $path:literal, $subject:literal, $applies:expr) => {
        File {
            path: $path,
            subject: $subject,
            kind: Kind::$kind,
            template: Template {
                name: concat!("image/", $path),
                text: include_str!(concat!("../../../templates/image/", $path, ".hbs")),
            },
            applies: $applies,
        }
    };
}

/// Whether the agent's units are managed for it, because polkit cannot let it do that.
fn takes_orders(environment: &Environment) -> bool {
    !environment.image.base.has_polkit_rules
}

/// Whether fleet.toml has certificates or package sources of its own.
fn has_sources(environment: &Environment) -> bool {
    let image = &environment.image;
    !image.ca_certificates.is_empty() || !image.apt_sources.is_empty()
}

/// Whether fleet.toml has files of its own.
fn has_files(environment: &Environment) -> bool {
    !environment.image.files.is_empty()
}

/// Whether fleet.toml has steps of its own.
fn has_steps(environment: &Environment) -> bool {
    !environment.image.steps.is_empty()
}

/// The steps, in the order in which they are run, the files that they put in place, and the units.
pub const FILES: &[File] = &[
    file!(Script, "provision.sh", "makes the image"),
    file!(Script, "apt.sh", "how the steps call apt"),
    file!(
        Script,
        "seal.sh",
        "takes out of the image what belongs to its making"
    ),
    file!(Script, "verify.sh", "verifies the image"),
    file!(
        Script,
        "verify/accounts.sh",
        "verifies accounts, passwords and shells"
    ),
    file!(Script, "verify/apt.sh", "verifies packages and updates"),
    file!(Script, "verify/audit.sh", "verifies the audit subsystem"),
    file!(
        Script,
        "verify/birth.sh",
        "verifies what an image must not bring along"
    ),
    file!(
        Script,
        "verify/facts.sh",
        "what the checks know of the fleet"
    ),
    file!(
        Script,
        "verify/files.sh",
        "verifies modes and owners of files"
    ),
    file!(
        Script,
        "verify/foreign.sh",
        "verifies that nothing is in the place of what packages brought"
    ),
    file!(
        Script,
        "verify/hooks.sh",
        "verifies what runs without being asked for"
    ),
    file!(
        Script,
        "verify/kernel.sh",
        "verifies settings and modules of the kernel"
    ),
    file!(
        Script,
        "verify/logs.sh",
        "verifies logs, bans and the clock"
    ),
    file!(
        Script,
        "verify/payload.sh",
        "verifies the programs that no package source has"
    ),
    file!(
        Script,
        "verify/packets.sh",
        "verifies the firewall with packets"
    ),
    file!(Script, "verify/sbom.sh", "lists the packages"),
    file!(Script, "verify/secrets.sh", "looks for credentials"),
    file!(Script, "verify/ssh.sh", "verifies sshd"),
    file!(Script, "verify/sudo.sh", "verifies sudo and su"),
    file!(Script, "verify/units.sh", "verifies units"),
    file!(Script, "verify/world.sh", "where the checks run"),
    file!(
        Script,
        "provision/05-fleet-sources.sh",
        "certificates and package sources of the fleet's own",
        has_sources
    ),
    file!(Script, "provision/10-packages.sh", "packages"),
    file!(
        Script,
        "provision/12-payload.sh",
        "programs that no package source has"
    ),
    file!(
        Script,
        "provision/20-users.sh",
        "the users of the fleet's programs"
    ),
    file!(Script, "provision/22-accounts.sh", "all other accounts"),
    file!(
        Script,
        "provision/23-passwords.sh",
        "passwords, of whoever gets one"
    ),
    file!(Script, "provision/25-ssh.sh", "sshd"),
    file!(Script, "provision/26-sudo.sh", "becoming root"),
    file!(Script, "provision/30-updates.sh", "updates"),
    file!(
        Script,
        "provision/31-services.sh",
        "what is not there and does not run"
    ),
    file!(Script, "provision/32-time.sh", "the clock"),
    file!(
        Script,
        "provision/33-session-manager.sh",
        "the agent of Systems Manager"
    ),
    file!(
        Script,
        "provision/35-audit.sh",
        "the record of the audit subsystem"
    ),
    file!(Script, "provision/36-logging.sh", "logs"),
    file!(Script, "provision/37-fail2ban.sh", "bans"),
    file!(
        Script,
        "provision/40-firewall.sh",
        "the firewall of the host"
    ),
    file!(Script, "provision/41-kernel.sh", "the kernel"),
    file!(Script, "provision/42-mounts.sh", "file systems"),
    file!(Script, "provision/43-apparmor.sh", "AppArmor"),
    file!(
        Script,
        "provision/50-display.sh",
        "the X server and the ways to see it"
    ),
    file!(Script, "provision/52-adspower.sh", "AdsPower"),
    file!(
        Script,
        "provision/53-runtime.sh",
        "the browser-automation program"
    ),
    file!(Script, "provision/54-agent.sh", "the agent"),
    file!(Script, "provision/55-cloudwatch.sh", "the CloudWatch agent"),
    file!(
        Script,
        "provision/60-fleet-files.sh",
        "files of the fleet's own",
        has_files
    ),
    file!(
        Script,
        "provision/62-fleet-steps.sh",
        "steps of the fleet's own",
        has_steps
    ),
    file!(Script, "provision/80-permissions.sh", "modes and owners"),
    file!(Script, "provision/98-secrets.sh", "looks for credentials"),
    file!(
        Script,
        "provision/99-cleanup.sh",
        "takes away what no image may bring along"
    ),
    file!(
        Configuration,
        "files/etc/apparmor.d/valet-adspower",
        "AdsPower's browsers may make user namespaces"
    ),
    file!(
        Configuration,
        "files/etc/apparmor.d/valet-chromium",
        "Chromium may make user namespaces"
    ),
    file!(Slashes, "files/etc/apt/apt.conf.d/zz-valet", "updates"),
    file!(
        Configuration,
        "files/etc/apt/preferences.d/valet",
        "packages that are kept away"
    ),
    file!(
        Configuration,
        "files/etc/audit/auditd.conf",
        "how the audit subsystem keeps its record"
    ),
    file!(
        Configuration,
        "files/etc/audit/rules.d/50-valet.rules",
        "what the audit subsystem records"
    ),
    file!(
        Configuration,
        "files/etc/audit/rules.d/99-finalize.rules",
        "the last of the audit rules"
    ),
    file!(Configuration, "files/etc/chrony/chrony.conf", "the clock"),
    file!(
        Configuration,
        "files/etc/fail2ban/jail.d/valet.local",
        "bans"
    ),
    file!(
        Configuration,
        "files/etc/logrotate.d/valet",
        "logs of the fleet"
    ),
    file!(
        Configuration,
        "files/etc/modprobe.d/valet.conf",
        "modules that cannot be loaded"
    ),
    file!(
        Configuration,
        "files/etc/needrestart/conf.d/zz-valet.conf",
        "what updates do not restart"
    ),
    file!(
        Configuration,
        "files/etc/nftables.conf",
        "the firewall of the host"
    ),
    file!(
        Slashes,
        "files/etc/polkit-1/rules.d/50-valet.rules",
        "what the agent may restart",
        |environment| environment.image.base.has_polkit_rules
    ),
    file!(
        Configuration,
        "files/etc/profile.d/valet-idle.sh",
        "shells that are idle"
    ),
    file!(
        Configuration,
        "files/etc/rsyslog.d/10-valet.conf",
        "modes of logs"
    ),
    file!(
        Configuration,
        "files/etc/security/limits.d/valet.conf",
        "limits"
    ),
    file!(
        Configuration,
        "files/etc/security/faillock.conf",
        "accounts that are locked for failed logins"
    ),
    file!(
        Configuration,
        "files/etc/security/pwquality.conf",
        "what a password has to have"
    ),
    file!(Configuration, "files/etc/ssh/sshd_config", "sshd"),
    file!(
        Configuration,
        "files/etc/sudoers.d/10-valet",
        "sudo is recorded"
    ),
    file!(
        Configuration,
        "files/etc/sudoers.d/zz-valet",
        "who may not use sudo"
    ),
    file!(
        Configuration,
        "files/etc/sysctl.d/zz-valet.conf",
        "the kernel"
    ),
    file!(
        Configuration,
        "files/etc/systemd/coredump.conf.d/valet.conf",
        "core dumps"
    ),
    file!(
        Configuration,
        "files/etc/systemd/journald.conf.d/zz-valet.conf",
        "the journal"
    ),
    file!(
        Configuration,
        "files/etc/tmpfiles.d/valet.conf",
        "folders, and how long things stay in them"
    ),
    file!(
        Script,
        "files/usr/local/lib/valet/orders.sh",
        "carries out the agent's orders",
        takes_orders
    ),
    file!(
        Configuration,
        "files/usr/share/pam-configs/valet-history",
        "no password comes back"
    ),
    file!(
        Configuration,
        "files/usr/share/pam-configs/valet-lockout-after",
        "failed logins are counted"
    ),
    file!(
        Configuration,
        "files/usr/share/pam-configs/valet-lockout-before",
        "accounts that are locked are refused"
    ),
    file!(
        Configuration,
        "files/usr/share/pam-configs/valet-umask",
        "what a session makes is not for others"
    ),
    file!(Configuration, "units/valet-adspower.service", "AdsPower"),
    file!(
        Configuration,
        "units/valet-boot-log.service",
        "the beginning of a boot for the CloudWatch agent"
    ),
    file!(
        Configuration,
        "units/valet-browsers.slice",
        "what all browsers may take"
    ),
    file!(
        Configuration,
        "units/valet-configure.service",
        "gives a host the settings of its instance"
    ),
    file!(
        Configuration,
        "units/valet-novnc.service",
        "the screen in a browser"
    ),
    file!(
        Configuration,
        "units/valet-orders.path",
        "orders of the agent",
        takes_orders
    ),
    file!(
        Configuration,
        "units/valet-orders.service",
        "carries out the agent's orders",
        takes_orders
    ),
    file!(
        Configuration,
        "units/valet-runtime.service",
        "the browser-automation program"
    ),
    file!(
        Configuration,
        "units/valet-vnc.service",
        "the screen as VNC"
    ),
    file!(Configuration, "units/valet-worker.service", "the agent"),
    file!(Configuration, "units/valet-xvfb.service", "the X server"),
];

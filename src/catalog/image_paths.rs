//! Paths of the image that the rendered image writes itself, and those that no image keeps.

/// Folders of the fleet's programs, with a slash at the end, and the beginnings of names that are the fleet's.
const OWN_BEGINNINGS: &[&str] = &[
    "/etc/systemd/system/valet-",
    "/etc/valet/",
    "/opt/aws/",
    "/opt/valet/",
    "/opt/valet-bundle/",
    "/usr/local/lib/valet/",
    "/var/lib/adspower/",
    "/var/lib/valet-image/",
    "/var/lib/valet-worker/",
    "/var/lib/valet/",
];

/// Files that provisioning puts in place, and those that its programs write, such as the accounts.
const OWN_FILES: &[&str] = &[
    "/etc/apparmor.d/valet-adspower",
    "/etc/apparmor.d/valet-chromium",
    "/etc/apt/apt.conf.d/zz-valet",
    "/etc/apt/preferences.d/valet",
    "/etc/audit/auditd.conf",
    "/etc/audit/rules.d/50-valet.rules",
    "/etc/audit/rules.d/99-finalize.rules",
    "/etc/chrony/chrony.conf",
    "/etc/fail2ban/jail.d/valet.local",
    "/etc/group",
    "/etc/gshadow",
    "/etc/logrotate.d/valet",
    "/etc/machine-id",
    "/etc/modprobe.d/valet.conf",
    "/etc/needrestart/conf.d/zz-valet.conf",
    "/etc/nftables.conf",
    "/etc/passwd",
    "/etc/polkit-1/rules.d/50-valet.rules",
    "/etc/profile.d/valet-idle.sh",
    "/etc/rsyslog.d/10-valet.conf",
    "/etc/security/faillock.conf",
    "/etc/security/limits.d/valet.conf",
    "/etc/security/pwquality.conf",
    "/etc/shadow",
    "/etc/ssh/sshd_config",
    "/etc/sudoers.d/10-valet",
    "/etc/sudoers.d/zz-valet",
    "/etc/sysctl.d/zz-valet.conf",
    "/etc/systemd/coredump.conf.d/valet.conf",
    "/etc/systemd/journald.conf.d/zz-valet.conf",
    "/etc/tmpfiles.d/valet.conf",
    "/usr/share/pam-configs/valet-history",
    "/usr/share/pam-configs/valet-lockout-after",
    "/usr/share/pam-configs/valet-lockout-before",
    "/usr/share/pam-configs/valet-umask",
];

/// Folders in which an image keeps files.
pub const KEPT_FOLDERS: &[&str] = &["/etc/", "/opt/", "/srv/", "/usr/", "/var/"];

/// Folders below those whose files are gone when the image is made or started.
pub const VOLATILE_FOLDERS: &[&str] = &[
    "/var/cache/",
    "/var/lib/apt/",
    "/var/lib/cloud/",
    "/var/lib/dpkg/",
    "/var/lock/",
    "/var/log/",
    "/var/run/",
    "/var/tmp/",
];

/// Whether the image writes this path itself.
#[must_use]
pub fn is_of_the_image(path: &str) -> bool {
    OWN_FILES.contains(&path) || OWN_BEGINNINGS.iter().any(|own| path.starts_with(own))
}

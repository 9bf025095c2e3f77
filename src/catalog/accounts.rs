//! The accounts and groups that an image has besides those of the fleet's programs.

/// Who makes an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The image's provisioning, or a package that it installs.
    Image,
    /// Ubuntu or Debian, or a package of theirs.
    Distribution,
}

/// An account or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub owner: Owner,
    /// What it is for; empty for the distribution's.
    pub purpose: &'static str,
}

/// Accounts that `20-users.sh` or an agent's package makes.
const OF_THE_IMAGE: &[(&str, &str)] = &[
    (
        "cwagent",
        "the CloudWatch agent, which writes metrics with the instance's role",
    ),
    (
        "ssm-user",
        "the system user that sessions of Session Manager run as",
    ),
    (
        "valet-agent",
        "the agent, which reaches the instance's role and all secrets",
    ),
    (
        "valet-display",
        "the display that every browser is drawn on",
    ),
    (
        "valet-operators",
        "the group whose members may drain the host",
    ),
];

/// Users and groups of base-passwd, systemd, cloud-init and the packages of Ubuntu 22.04 and 24.04 and Debian 12 and 13
/// server images, and of what `[image] packages` often adds.
const OF_THE_DISTRIBUTION: &[&str] = &[
    "adm",
    "admin",
    "audio",
    "avahi",
    "backup",
    "bin",
    "bluetooth",
    "cdrom",
    "chrony",
    "clamav",
    "colord",
    "crontab",
    "daemon",
    "debian",
    "dhcpcd",
    "dialout",
    "dip",
    "disk",
    "dnsmasq",
    "docker",
    "ec2-instance-connect",
    "ec2-user",
    "fax",
    "floppy",
    "ftp",
    "fwupd-refresh",
    "games",
    "gdm",
    "geoclue",
    "gnats",
    "hplip",
    "http",
    "input",
    "irc",
    "kernoops",
    "kmem",
    "kvm",
    "landscape",
    "lightdm",
    "list",
    "lp",
    "lpadmin",
    "lxd",
    "mail",
    "man",
    "messagebus",
    "munge",
    "mysql",
    "netdev",
    "news",
    "nm-openvpn",
    "nobody",
    "nogroup",
    "ntp",
    "ntpsec",
    "operator",
    "plugdev",
    "pollinate",
    "polkitd",
    "postfix",
    "postgres",
    "proxy",
    "pulse",
    "redis",
    "render",
    "root",
    "rtkit",
    "saned",
    "sasl",
    "sgx",
    "shadow",
    "speech-dispatcher",
    "src",
    "sshd",
    "sssd",
    "staff",
    "statd",
    "stunnel4",
    "sudo",
    "sync",
    "sys",
    "syslog",
    "tape",
    "tcpdump",
    "tss",
    "tty",
    "ubuntu",
    "usbmux",
    "users",
    "utmp",
    "uucp",
    "uuidd",
    "video",
    "voice",
    "whoopsie",
    "www-data",
];

/// Beginnings of names that systemd and Debian keep for accounts of packages.
const PREFIXES: &[&str] = &["_", "systemd-", "debian-"];

/// What this name is already, if anything.
#[must_use]
pub fn find(name: &str) -> Option<Account> {
    if let Some((_, purpose)) = OF_THE_IMAGE.iter().find(|(known, _)| *known == name) {
        let owner = Owner::Image;
        return Some(Account { owner, purpose });
    }
    let is_distributions = OF_THE_DISTRIBUTION.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    is_distributions.then_some(Account {
        owner: Owner::Distribution,
        purpose: "",
    })
}

//! What is done to a base so that a control has something to mend: without it the distribution's
//! own defaults would do, and the control's removal would not show.

/// What provisioning with every control does about a weakness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The control mends it.
    Mended,
    /// The control finds it, and no image is made.
    Refused,
}

/// A weakness of a base.
#[derive(Clone, Copy, Debug)]
pub struct Weakness {
    /// The control that it is planted for.
    pub control: &'static str,
    /// What is run in the base before it is provisioned.
    pub script: &'static str,
    pub then: Then,
}

const fn mended(control: &'static str, script: &'static str) -> Weakness {
    Weakness {
        control,
        script,
        then: Then::Mended,
    }
}

const fn refused(control: &'static str, script: &'static str) -> Weakness {
    Weakness {
        control,
        script,
        then: Then::Refused,
    }
}

/// Every weakness.
pub const WEAKNESSES: [Weakness; 38] = [
    mended(
        "image.machine-id-blank",
        "echo 0123456789abcdef0123456789abcdef >/etc/machine-id",
    ),
    mended(
        "image.no-authorized-keys",
        "mkdir -p /root/.ssh && echo 'ssh-ed25519 AAAA somebody' >/root/.ssh/authorized_keys",
    ),
    mended(
        "image.no-environment",
        "mkdir -p /etc/valet && echo 'environment = \"staging\"' >/etc/valet/worker.toml",
    ),
    mended("image.no-history", "echo ls >/root/.bash_history"),
    mended(
        "image.no-cloud-state",
        "mkdir -p /var/lib/cloud/instances/i-1 && ln -s instances/i-1 /var/lib/cloud/instance",
    ),
    mended(
        "os.hooks-listed",
        "mkdir -p /etc/systemd/system-generators && cp /bin/true /etc/systemd/system-generators/somebody",
    ),
    refused(
        "os.authorities-listed",
        "mkdir -p /usr/local/share/ca-certificates && cp \"$(find /usr/share/ca-certificates -name '*.crt' | head -n1)\" /usr/local/share/ca-certificates/somebody.crt",
    ),
    // Without its content: a real key would be found as a secret, and no image would be made.
    mended(
        "image.no-host-keys",
        "rm -f /etc/ssh/ssh_host_* && echo old >/etc/ssh/ssh_host_ed25519_key",
    ),
    mended(
        "os.worker-unprivileged",
        "useradd --user-group --no-create-home --comment 'Valet runtime' --groups adm valet",
    ),
    refused(
        "image.no-secrets",
        "printf 'key = AKIA%s\\n' Q3EGRVWA7ZKMTLXD >/etc/forgotten",
    ),
    mended(
        "os.updates-work",
        "sed -i '/^Package: hostname$/,/^$/s/^Status: .*/Status: install ok unpacked/' /var/lib/dpkg/status",
    ),
    mended(
        "os.one-superuser",
        "echo 'toor:x:0:0::/root:/bin/sh' >>/etc/passwd && echo 'toor:*:20000::::::' >>/etc/shadow",
    ),
    mended(
        "os.no-empty-passwords",
        "useradd blank && sed -i 's/^blank:[^:]*/blank:/' /etc/shadow",
    ),
    mended(
        "os.root-locked",
        "sed -i 's/^root:[^:]*/root:$y$j9T$abc$def/' /etc/shadow",
    ),
    mended(
        "os.system-accounts-no-login",
        "usermod --shell /bin/sh daemon",
    ),
    refused(
        "os.sudoers-valid",
        "echo 'this is no rule' >/etc/sudoers.d/broken",
    ),
    mended("os.auditd", "systemctl disable --quiet auditd.service"),
    mended("os.fail2ban", "systemctl disable --quiet fail2ban.service"),
    mended("os.firewall", "systemctl disable --quiet nftables.service"),
    mended(
        "os.apparmor-enforced",
        "systemctl disable --quiet apparmor.service",
    ),
    mended(
        "os.no-desktop",
        "systemctl set-default --quiet graphical.target",
    ),
    mended("os.shadow-mode", "chmod 0644 /etc/shadow"),
    mended("os.cron-modes", "chmod 0755 /etc/cron.daily"),
    mended(
        "os.no-world-writable",
        "install -m 0666 /dev/null /usr/local/share/for-everybody",
    ),
    mended(
        "os.no-unowned",
        "install -m 0644 -o 4242 -g 4242 /dev/null /usr/local/share/of-nobody",
    ),
    mended(
        "os.suid-listed",
        "cp /bin/true /usr/local/bin/as-root && chmod 4755 /usr/local/bin/as-root",
    ),
    mended(
        "os.log-modes",
        "install -m 0666 /dev/null /var/log/auth.log",
    ),
    mended(
        "os.user-namespaces-kept",
        "echo 'user.max_user_namespaces = 0' >/etc/sysctl.d/90-hardened.conf",
    ),
    refused(
        "unit.valid",
        "printf '[Service]\\nExecStart=/bin/true\\nNoSuchDirective=yes\\n' >/etc/systemd/system/valet-broken.service",
    ),
    // Ubuntu sets some of them by itself, and what a package says is read before what we say.
    mended(
        "os.aslr",
        "echo 'kernel.randomize_va_space = 1' >/etc/sysctl.d/99-aslr.conf",
    ),
    mended(
        "os.ptrace-restricted",
        "echo 'kernel.yama.ptrace_scope = 0' >/etc/sysctl.d/99-ptrace.conf",
    ),
    mended(
        "os.links-protected",
        "echo 'fs.protected_symlinks = 0' >/etc/sysctl.d/99-weak-links.conf",
    ),
    mended(
        "os.sysrq-off",
        "echo 'kernel.sysrq = 1' >/etc/sysctl.d/99-sysrq.conf",
    ),
    mended(
        "os.syncookies",
        "echo 'net.ipv4.tcp_syncookies = 0' >/etc/sysctl.d/99-cookies.conf",
    ),
    mended(
        "os.reverse-path-filter",
        "echo 'net.ipv4.conf.all.rp_filter = 2' >/etc/sysctl.d/99-filter.conf",
    ),
    mended(
        "os.user-namespaces-restricted",
        "echo 'kernel.apparmor_restrict_unprivileged_userns = 0' >/etc/sysctl.d/99-userns.conf",
    ),
    mended(
        "os.no-null-passwords",
        "sed -i 's/pam_unix.so/pam_unix.so nullok/' /etc/pam.d/common-auth",
    ),
    mended(
        "os.password-hashing",
        "echo 'ENCRYPT_METHOD SHA512' >>/etc/login.defs",
    ),
];

/// The weakness that is planted for a control.
pub fn of(control: &str) -> Option<&'static Weakness> {
    WEAKNESSES.iter().find(|it| it.control == control)
}

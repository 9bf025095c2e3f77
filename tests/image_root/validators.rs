//! What the image's programs say of their own configuration, each of them in the image; and that
//! they say something else when it is broken.

use std::process::Output;

use valet_bake::sandbox::{Sandbox, Store};

use crate::baked::{Baked, baked, scratch};

/// A program that reads what the image configures.
struct Validator {
    name: &'static str,
    /// Succeeds where the configuration is good.
    validate: &'static str,
    /// Breaks what it reads.
    spoil: &'static str,
}

const VALIDATORS: [Validator; 12] = [
    Validator {
        name: "visudo",
        validate: "visudo -c",
        spoil: "echo 'this is no rule' >/etc/sudoers.d/broken",
    },
    Validator {
        name: "sshd",
        validate: "mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f /tmp/key && sshd -t -h /tmp/key",
        spoil: "echo 'NoSuchWord yes' >>/etc/ssh/sshd_config",
    },
    Validator {
        name: "nft",
        validate: "nft -c -f /etc/nftables.conf",
        spoil: "echo 'table inet broken {' >>/etc/nftables.conf",
    },
    Validator {
        name: "fail2ban",
        validate: "fail2ban-client -t",
        spoil: "printf '[sshd]\\nenabled = true\\nfilter = no-such-filter\\n' >/etc/fail2ban/jail.d/zz-broken.local",
    },
    Validator {
        name: "chronyd",
        validate: "chronyd -p -f /etc/chrony/chrony.conf",
        spoil: "echo nonsense >>/etc/chrony/chrony.conf",
    },
    Validator {
        name: "logrotate",
        validate: "logrotate -d /etc/logrotate.conf",
        spoil: "echo '/var/log/x { nonsense' >/etc/logrotate.d/broken && chmod 0644 /etc/logrotate.d/broken",
    },
    Validator {
        name: "findmnt",
        validate: "findmnt --verify --tab-file /etc/fstab",
        spoil: "echo 'tmpfs relative tmpfs rw 0 0' >>/etc/fstab",
    },
    Validator {
        name: "modprobe",
        validate: "modprobe -n -v dccp | grep -q 'install /bin/false'",
        spoil: "rm /etc/modprobe.d/valet.conf",
    },
    Validator {
        name: "unattended-upgrade",
        validate: "unattended-upgrade --dry-run",
        spoil: "echo '#include /nonexistent;' >/etc/apt/apt.conf.d/zzz-broken",
    },
    Validator {
        name: "pam_pwquality refuses what is short and takes what is not",
        validate: "useradd trial && ! echo trial:short | chpasswd && echo 'trial:Kq9!vLm2#xTz7wB' | chpasswd",
        spoil: "sed -i /pam_pwquality/d /etc/pam.d/common-password",
    },
    Validator {
        name: "pam_pwhistory refuses what was a password before",
        validate: "useradd trial && echo 'trial:Kq9!vLm2#xTz7wB' | chpasswd && echo 'trial:Wd4%hRy8&nJc5sP' | chpasswd && ! echo 'trial:Kq9!vLm2#xTz7wB' | chpasswd",
        spoil: "sed -i 's/^\\(password.*pam_pwhistory\\).*/#&/' /etc/pam.d/common-password",
    },
    Validator {
        name: "systemd-analyze, the units of the fleet",
        validate: "! systemd-analyze verify --man=no /etc/systemd/system/valet-xvfb.service 2>&1 | grep valet-",
        spoil: "echo 'NoSuchDirective=yes' >>/etc/systemd/system/valet-xvfb.service",
    },
];

/// What a command says in the image.
fn run(baked: &Baked, command: &str) -> Output {
    let whole = scratch();
    let sandbox = Sandbox {
        layers: baked.layers.clone(),
        scratch: whole.path().to_owned(),
        store: Store::Memory,
        has_network: false,
        timeout_seconds: 60,
        image: None,
        out: None,
    };
    let mut inside = sandbox.command(["bash", "-c", command]);
    inside.output().expect("it runs")
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

#[test]
fn every_program_accepts_its_configuration() {
    let Some(baked) = baked() else { return };
    for Validator { name, validate, .. } in VALIDATORS {
        let output = run(baked, validate);
        assert!(output.status.success(), "{name}: {}", said(&output));
    }
}

/// A program that accepts everything proves nothing.
#[test]
fn every_program_refuses_what_is_broken() {
    let Some(baked) = baked() else { return };
    for validator in VALIDATORS {
        let Validator {
            name,
            validate,
            spoil,
        } = validator;
        let output = run(baked, &format!("{spoil} || exit 0\n{validate}"));
        assert!(!output.status.success(), "{name}: {}", said(&output));
    }
}

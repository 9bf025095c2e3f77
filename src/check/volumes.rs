//! Rules about the volumes of an instance.

use super::finding::{Finding, Findings};
use super::identifiers::duplicates;
use super::rule::{Context, Rule};
use crate::derive::instances::{BASE_IOPS, iops};
use crate::diagnostic::Severity;
use crate::fleet::{DataVolume, VolumeIops, VolumeThroughput};
use crate::load::Path;

pub const RULES: &[Rule] = &[
    Rule {
        code: "instances.volume-unencrypted",
        severity: Severity::Error,
        title: "Every volume is encrypted",
        reason: "Volumes hold browser profiles. Encryption costs nothing and cannot be added to a \
              running volume.",
        run: unencrypted,
    },
    Rule {
        code: "instances.volume-performance",
        severity: Severity::Error,
        title: "A volume's performance is within the limits of gp3",
        reason: "EBS user guide, gp3: at most 500 IOPS per GiB above the 3000 that every volume has, \
              and at most 0.25 MiB/s per IOPS.",
        run: performance,
    },
    Rule {
        code: "instances.volume-device",
        severity: Severity::Error,
        title: "Each volume has a device name of its own, from /dev/sdf to /dev/sdp",
        reason: "EC2 user guide, device names: /dev/sd[f-p] are those for EBS volumes on Linux; /dev/sda1 and /dev/xvda \
              are root volumes.",
        run: device,
    },
    Rule {
        code: "instances.volume-mount",
        severity: Severity::Error,
        title: "A volume is mounted in a folder of its own below /mnt or /srv",
        reason: "Mounted anywhere else, it would hide what the image has there. systemd and cloud-init read the path as \
              it is written, so it has no blanks, no `..` and no `/` at its end.",
        run: mount,
    },
    Rule {
        code: "instances.volume-mount-package",
        severity: Severity::Error,
        title: "The image finds mounted volumes by their device names",
        reason: "On Nitro instances the kernel calls a volume /dev/nvme1n1 and so on, in no stable order. The udev rules \
              of amazon-ec2-utils make links by the names that EC2 knows.",
        run: mount_package,
    },
];

/// The package that makes links by the names that EC2 knows.
const DEVICE_LINKS: &str = "amazon-ec2-utils";

fn data_volumes<'a>(
    context: &Context<'a>,
) -> impl Iterator<Item = (Path, &'a DataVolume)> + use<'a> {
    let volumes = context.fleet.instances.volumes.iter().enumerate();
    volumes.map(|(index, volume)| (Path::of("instances.volumes").index(index), volume))
}

/// What a rule asks of any volume.
struct Volume {
    path: Path,
    name: String,
    size: u32,
    encrypted: bool,
    iops: Option<VolumeIops>,
    throughput: Option<VolumeThroughput>,
}

fn volumes(context: &Context<'_>) -> Vec<Volume> {
    let root = &context.fleet.instances.root_volume;
    let root = Volume {
        path: Path::of("instances.root_volume"),
        name: "the root volume".to_owned(),
        size: root.volume_size.get(),
        encrypted: root.encrypted,
        iops: root.iops,
        throughput: root.throughput,
    };
    let others = data_volumes(context).map(|(path, volume)| Volume {
        path,
        name: format!("the volume {}", volume.device_name),
        size: volume.volume_size.get(),
        encrypted: volume.encrypted,
        iops: volume.iops,
        throughput: volume.throughput,
    });
    std::iter::once(root).chain(others).collect()
}

fn unencrypted(context: &Context<'_>, findings: &mut Findings) {
    for volume in volumes(context) {
        if !volume.encrypted {
            findings.push(
                Finding::new(
                    volume.path.key("encrypted"),
                    format!("{} is not encrypted", volume.name),
                )
                .label("a copied snapshot can be read by anyone")
                .help("write `encrypted = true`, or remove `encrypted`: it is the default"),
            );
        }
    }
}

fn performance(context: &Context<'_>, findings: &mut Findings) {
    const IOPS_PER_GIB: u32 = 500;
    const IOPS_PER_MIB: u32 = 4;
    for volume in volumes(context) {
        let size = volume.size;
        let iops = iops(volume.iops);
        let most_iops = (size * IOPS_PER_GIB).max(BASE_IOPS);
        if iops > most_iops {
            findings.push(
                Finding::new(
                    volume.path.clone().key("iops"),
                    format!("a volume of {size} GiB has no {iops} IOPS"),
                )
                .label(format!("at most {most_iops} at this size"))
                .related(volume.path.clone().key("volume_size"), "its size")
                .help("make the volume larger, or lower `iops`"),
            );
        }
        let most_throughput = iops / IOPS_PER_MIB;
        if let Some(throughput) = volume.throughput.filter(|mib| mib.get() > most_throughput) {
            findings.push(
                Finding::new(
                    volume.path.clone().key("throughput"),
                    format!("a throughput of {throughput} MiB/s needs more than {iops} IOPS"),
                )
                .label(format!("at most {most_throughput}"))
                .related(volume.path.key("iops"), "its IOPS")
                .help(format!(
                    "set `iops` to {} or more",
                    throughput.get() * IOPS_PER_MIB
                )),
            );
        }
    }
}

fn is_device_name(name: &str) -> bool {
    let letter = name.strip_prefix("/dev/sd").unwrap_or_default();
    matches!(letter.as_bytes(), [b'f'..=b'p'])
}

fn device(context: &Context<'_>, findings: &mut Findings) {
    for (path, volume) in data_volumes(context) {
        if !is_device_name(&volume.device_name) {
            findings.push(
                Finding::new(
                    path.key("device_name"),
                    format!(
                        "`{}` is not a device name of a data volume",
                        volume.device_name
                    ),
                )
                .label("not /dev/sdf to /dev/sdp")
                .help("write a name such as \"/dev/sdf\""),
            );
        }
    }
    let names = data_volumes(context).map(|(_, volume)| &volume.device_name);
    for (index, first) in duplicates(names) {
        let path = |index| {
            Path::of("instances.volumes")
                .index(index)
                .key("device_name")
        };
        findings.push(
            Finding::new(path(index), "two volumes have the same device name")
                .label("the same name")
                .related(path(first), "another volume has it")
                .help("give each volume a name of its own, from /dev/sdf to /dev/sdp"),
        );
    }
}

fn is_mount_folder(folder: &str) -> bool {
    let below = ["/mnt/", "/srv/"]
        .into_iter()
        .find_map(|parent| folder.strip_prefix(parent));
    below.is_some_and(|rest| {
        rest.len() <= 99
            && rest.split('/').all(|part| {
                let first = part.bytes().next();
                first.is_some_and(|byte| byte.is_ascii_alphanumeric())
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            })
    })
}

fn mount(context: &Context<'_>, findings: &mut Findings) {
    let mounts: Vec<(Path, &str)> = data_volumes(context)
        .filter_map(|(path, volume)| Some((path.key("mount"), volume.mount.as_deref()?)))
        .collect();
    for (index, (path, folder)) in mounts.iter().enumerate() {
        if !is_mount_folder(folder) {
            findings.push(
                Finding::new(
                    path.clone(),
                    format!("a volume cannot be mounted at `{folder}`"),
                )
                .label("not a folder below /mnt or /srv")
                .help(
                    "write a path such as \"/mnt/profiles\", or leave `mount` out for a raw volume",
                ),
            );
            continue;
        }
        let is_within = |one: &str, other: &str| {
            one == other
                || one
                    .strip_prefix(other)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let earlier = mounts[..index]
            .iter()
            .find(|(_, other)| is_within(folder, other) || is_within(other, folder));
        if let Some((other, _)) = earlier {
            findings.push(
                Finding::new(
                    path.clone(),
                    format!("two volumes are mounted at `{folder}` or below it"),
                )
                .label("one would hide the other")
                .related(other.clone(), "another volume is mounted here")
                .help("mount each volume in a folder of its own"),
            );
        }
    }
}

fn mount_package(context: &Context<'_>, findings: &mut Findings) {
    let has_links = context
        .fleet
        .image
        .packages
        .iter()
        .any(|package| package == DEVICE_LINKS);
    let mounted = data_volumes(context).find(|(_, volume)| volume.mount.is_some());
    if let (Some((path, _)), false) = (mounted, has_links) {
        findings.push(
            Finding::new(
                path.key("mount"),
                "the image cannot find the volume that is mounted here",
            )
            .label(format!("the image lacks {DEVICE_LINKS}"))
            .related(Path::of("image.packages"), "the image's packages")
            .help(format!(
                "add \"{DEVICE_LINKS}\" to `image.packages`, and bake an image"
            )),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_names() {
        assert!(is_device_name("/dev/sdf") && is_device_name("/dev/sdp"));
        for wrong in [
            "/dev/sda1",
            "/dev/sde",
            "/dev/sdq",
            "/dev/sdf1",
            "sdf",
            "/dev/xvdf",
            "/dev/sd",
        ] {
            assert!(!is_device_name(wrong), "{wrong}");
        }
    }

    #[test]
    fn mount_folders() {
        assert!(is_mount_folder("/mnt/profiles") && is_mount_folder("/srv/a/b.c_d-1"));
        for wrong in [
            "/mnt",
            "/mnt/",
            "/srv/a/",
            "/mnt/../etc",
            "/var/lib/valet",
            "/mnt/a b",
            "/mnt/a\nb",
            "mnt/a",
            "/mnt/.x",
            "/mnt/%i",
            "/mnt//a",
        ] {
            assert!(!is_mount_folder(wrong), "{wrong}");
        }
    }
}

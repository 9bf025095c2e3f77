//! What is written is read again, and what is not a lock is refused with its place.

use proptest::prelude::*;
use valet_images_lock::{
    Builder, ChecksSummary, ImageKey, ImagesLock, LockError, LockedImage, Status, read, to_text,
    write,
};

fn image(digit: char) -> LockedImage {
    let hex = |count: usize| digit.to_string().repeat(count);
    let sha = || hex(64).parse().expect("a digest");
    LockedImage {
        ami: format!("ami-{}", hex(17)).parse().expect("an id"),
        name: format!("valet-x86_64-20261129t1200-{}-{}", hex(7), hex(8))
            .parse()
            .expect("a name"),
        snapshots: vec![format!("snap-{}", hex(17)).parse().expect("an id")],
        source_ami: "ami-0f00ba40f00ba40f0".parse().expect("an id"),
        bake_id: format!("b-{}", hex(16)).parse().expect("a name"),
        commit: Some(hex(40).parse().expect("a commit")),
        config_sha256: sha(),
        agent_sha256: sha(),
        bundle_sha256: sha(),
        sbom_sha256: sha(),
        builder: Builder::ImageBuilder,
        status: Status::Verified,
        checks: ChecksSummary {
            passed: 116,
            failed: 0,
            skipped: 8,
        },
        previous: None,
    }
}

fn key(environment: &str, region: &str) -> ImageKey {
    ImageKey {
        environment: environment.to_owned(),
        architecture: "x86_64".to_owned(),
        region: region.to_owned(),
    }
}

#[test]
fn the_text_is_that_of_the_lock_and_nothing_else() {
    let mut lock = ImagesLock::default();
    lock.promote(key("production", "us-east-1"), image('a'));
    lock.promote(key("production", "us-east-1"), image('b'));
    let expected = r#"# The machine images that each environment launches. Written by `valet-gen bake`; do not edit.
# `valet-gen render` turns it into Terraform variables, and `terraform apply` rolls the images out.

version = 1

[image.production.x86_64.us-east-1]
ami = "ami-bbbbbbbbbbbbbbbbb"
name = "valet-x86_64-20261129t1200-bbbbbbb-bbbbbbbb"
snapshots = ["snap-bbbbbbbbbbbbbbbbb"]
source_ami = "ami-0f00ba40f00ba40f0"
bake_id = "b-bbbbbbbbbbbbbbbb"
commit = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
config_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
agent_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
bundle_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
sbom_sha256 = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
builder = "imagebuilder"
status = "promoted"

[image.production.x86_64.us-east-1.checks]
passed = 116
failed = 0
skipped = 8

[image.production.x86_64.us-east-1.previous]
ami = "ami-aaaaaaaaaaaaaaaaa"
name = "valet-x86_64-20261129t1200-aaaaaaa-aaaaaaaa"
snapshots = ["snap-aaaaaaaaaaaaaaaaa"]
source_ami = "ami-0f00ba40f00ba40f0"
bake_id = "b-aaaaaaaaaaaaaaaa"
commit = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
config_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
agent_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
bundle_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
sbom_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
builder = "imagebuilder"
status = "promoted"

[image.production.x86_64.us-east-1.previous.checks]
passed = 116
failed = 0
skipped = 8
"#;
    assert_eq!(to_text(&lock), expected);
    assert_eq!(ImagesLock::parse(expected), Ok(lock));
}

#[test]
fn promoting_the_same_image_again_keeps_what_a_rollback_goes_back_to() {
    let mut lock = ImagesLock::default();
    for digit in ['a', 'b', 'b'] {
        lock.promote(key("production", "us-east-1"), image(digit));
    }
    let found = lock
        .find("production", "x86_64", "us-east-1")
        .expect("locked");
    let previous = found.previous.as_ref().expect("there was one");
    assert_eq!(previous.ami, image('a').ami);
}

#[test]
fn a_rollback_goes_back_and_a_second_one_undoes_it() {
    let key = key("production", "us-east-1");
    let mut lock = ImagesLock::default();
    assert!(!lock.roll_back(&key), "there is no image");
    lock.promote(key.clone(), image('a'));
    assert!(!lock.roll_back(&key), "there is no image of before");
    assert_eq!(lock.images[&key].ami, image('a').ami);
    lock.promote(key.clone(), image('b'));
    let promoted = lock.clone();
    assert!(lock.roll_back(&key));
    assert_eq!(lock.images[&key].ami, image('a').ami);
    assert!(lock.roll_back(&key));
    assert_eq!(lock, promoted);
}

#[test]
fn what_no_lock_has_is_refused_where_it_stands() {
    let mut lock = ImagesLock::default();
    lock.promote(key("production", "us-east-1"), image('a'));
    let whole = to_text(&lock);
    for (old, new, at, message) in [
        (
            "version = 1\n",
            "version = 2\n",
            "2",
            "the format's version is 2, and this program reads version 1",
        ),
        ("version = 1\n", "", "", "missing field `version`"),
        (
            "status = \"promoted\"",
            "status = \"shipped\"",
            "\"shipped\"",
            "unknown variant `shipped`, expected `verified` or `promoted`",
        ),
        (
            "\nbuilder =",
            "\nbuilt_by = \"me\"\nbuilder =",
            "built_by",
            "unknown field `built_by`, expected one of",
        ),
        (
            "snapshots = [\"snap-aaaaaaaaaaaaaaaaa\"]",
            "snapshots = [\"vol-1\"]",
            "\"vol-1\"",
            "`vol-1` is not a snapshot id such as snap-0123456789abcdef0",
        ),
        (
            "version = 1\n",
            "version = 1\nimage = 3 4\n",
            "4",
            "unexpected",
        ),
    ] {
        assert!(whole.contains(old), "{old}");
        let text = whole.replacen(old, new, 1);
        let problem = ImagesLock::parse(&text).expect_err(new);
        assert!(
            problem.message.contains(message) || message == "unexpected",
            "{}",
            problem.message
        );
        let found = &text[problem.span.clone()];
        assert!(at.is_empty() || found.contains(at), "{new}: at {found:?}");
        assert_eq!(problem.is_newer_format, new == "version = 2\n");
    }
}

#[test]
fn a_file_that_is_not_there_is_no_error_and_one_that_never_ends_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("images.lock");
    assert!(matches!(read(&path), Ok(None)));
    let mut lock = ImagesLock::default();
    lock.promote(key("staging", "eu-west-1"), image('c'));
    write(&path, &lock).expect("written");
    let text = read(&path).expect("readable").expect("there");
    assert_eq!(ImagesLock::parse(&text), Ok(lock));
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        1
    );
    assert!(matches!(
        read("/dev/zero".as_ref()),
        Err(LockError::TooLarge)
    ));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = ImagesLock::parse(&text);
        let _ = ImagesLock::parse(&format!("version = 1\n{text}"));
    }

    /// Whatever an environment and a region are called.
    #[test]
    fn what_is_written_is_read_again(
        names in prop::collection::vec(("\\PC{1,12}", "\\PC{1,12}", "[0-9a-f]"), 0..6)
    ) {
        let mut lock = ImagesLock::default();
        for (environment, region, digit) in names {
            let digit = digit.chars().next().expect("one");
            lock.promote(key(&environment, &region), image(digit));
        }
        prop_assert_eq!(ImagesLock::parse(&to_text(&lock)), Ok(lock));
    }
}

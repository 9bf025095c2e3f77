//! Who may open the socket: an access list of the file, so that nobody else can even connect.
//!
//! Its users have no group in common, and must not have one: the runtime's is in none but its own. So the mode is
//! 0660, and an access list (acl(5)) names the runtime's user and the operators' group besides. What each of them may
//! do is decided for each request, by [`super::peers`].

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rustix::fs::{XattrFlags, setxattr};

/// The mode of the socket, without its access list.
pub const SOCKET_MODE: u32 = 0o660;

/// Where the kernel keeps the access list of a file, and its layout (`linux/posix_acl_xattr.h`): the version, and then for
/// each entry its tag, its permissions and the id that it names. Entries stand in the order of their tags.
const ATTRIBUTE: &str = "system.posix_acl_access";
const VERSION: u32 = 2;
const OWNER: u16 = 0x01;
const USER: u16 = 0x02;
const OWNING_GROUP: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;
const NO_ID: u32 = u32::MAX;

/// Reading and writing, which is what connecting takes.
const READ_WRITE: u16 = 6;
const NOTHING: u16 = 0;

/// Lets this user and this group open the socket, besides its owner and root, and nobody else.
///
/// # Errors
///
/// When the mode cannot be set, or the file system has no access lists.
pub fn restrict(socket: &Path, user: u32, group: Option<u32>) -> io::Result<()> {
    fs::set_permissions(socket, Permissions::from_mode(SOCKET_MODE))?;
    setxattr(socket, ATTRIBUTE, &list(user, group), XattrFlags::empty())?;
    Ok(())
}

fn list(user: u32, group: Option<u32>) -> Vec<u8> {
    let mut entries = vec![
        (OWNER, READ_WRITE, NO_ID),
        (USER, READ_WRITE, user),
        (OWNING_GROUP, READ_WRITE, NO_ID),
    ];
    entries.extend(group.map(|group| (GROUP, READ_WRITE, group)));
    entries.extend([(MASK, READ_WRITE, NO_ID), (OTHERS, NOTHING, NO_ID)]);
    let mut bytes = VERSION.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use test_support::programs;

    use super::*;

    /// `getfacl` reads what the kernel took.
    #[test]
    fn the_runtime_and_operators_may_open_it_and_nobody_else() {
        if !programs::are_installed_or_skip(&["getfacl"]) {
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("agent.sock");
        let _listener = UnixListener::bind(&socket).expect("bound");
        for (group, named) in [(Some(2345), "group:2345:rw-\n"), (None, "")] {
            restrict(&socket, 2001, group).expect("it has access lists");
            let output = Command::new("getfacl")
                .args(["--omit-header", "--numeric", "--absolute-names"])
                .arg(&socket)
                .output()
                .expect("it runs");
            let printed = String::from_utf8_lossy(&output.stdout);
            let expected =
                format!("user::rw-\nuser:2001:rw-\ngroup::rw-\n{named}mask::rw-\nother::---\n\n");
            assert_eq!(printed, expected);
            let mode = fs::metadata(&socket).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, SOCKET_MODE);
        }
    }

    /// Users of this host try to connect, as the kernel lets them.
    #[test]
    fn a_user_without_a_part_in_it_cannot_connect() {
        if !rustix::process::geteuid().is_root() {
            test_support::skip("only root can become other users");
            return;
        }
        if !programs::are_installed_or_skip(&["python3"]) {
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711)).expect("set");
        let socket = folder.path().join("agent.sock");
        let _listener = UnixListener::bind(&socket).expect("bound");
        restrict(&socket, 2001, Some(2345)).expect("it has access lists");
        let connects = |user: u32, group: u32| {
            let connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])";
            let mut python = Command::new("python3");
            let python = python.args(["-I", "-c", connect]).arg(&socket);
            let output = python.uid(user).gid(group).output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success() || said.contains("PermissionError"),
                "{said}"
            );
            output.status.success()
        };
        assert!(connects(2001, 2001), "the runtime");
        assert!(connects(2002, 2345), "an operator");
        assert!(!connects(2002, 2002), "anybody else");
        assert!(!connects(65_534, 65_534), "nobody");
    }
}

//! Users and groups of this host. All that matter here are local ones, so their files are read and
//! no name service is asked.

use std::io;

const USERS: &str = "/etc/passwd";
const GROUPS: &str = "/etc/group";

/// The number of a user, if there is one of this name.
///
/// # Errors
///
/// When the list of users cannot be read.
pub fn user_id(name: &str) -> io::Result<Option<u32>> {
    let users = std::fs::read_to_string(USERS)?;
    Ok(field_where(&users, 0, name, 2).and_then(|id| id.parse().ok()))
}

/// The number of a group, if there is one of this name.
///
/// # Errors
///
/// When the list of groups cannot be read.
pub fn group_id(name: &str) -> io::Result<Option<u32>> {
    let groups = std::fs::read_to_string(GROUPS)?;
    Ok(field_where(&groups, 0, name, 2).and_then(|id| id.parse().ok()))
}

/// Whether a user belongs to a group: by its primary group, which `group_id` is, or by the list.
///
/// # Errors
///
/// When one of the lists cannot be read.
pub fn belongs(user_id: u32, group_id: u32, group: &str) -> io::Result<bool> {
    let groups = std::fs::read_to_string(GROUPS)?;
    if field_where(&groups, 0, group, 2).and_then(|id| id.parse().ok()) == Some(group_id) {
        return Ok(true);
    }
    let Some(members) = field_where(&groups, 0, group, 3) else {
        return Ok(false);
    };
    let users = std::fs::read_to_string(USERS)?;
    let user = field_where(&users, 2, &user_id.to_string(), 0);
    Ok(user.is_some_and(|user| members.split(',').any(|member| member == user)))
}

/// The field `wanted` of the first line whose field `index` is this value.
fn field_where<'a>(lines: &'a str, index: usize, value: &str, wanted: usize) -> Option<&'a str> {
    lines
        .lines()
        .find(|line| line.split(':').nth(index) == Some(value))
        .and_then(|line| line.split(':').nth(wanted))
}

#[cfg(test)]
mod tests {
    use super::field_where;

    const LINES: &str = "root:x:0:0::/root:/bin/sh\nvalet:x:2000:2000::/:/bin/false\nbroken\n";

    #[test]
    fn a_field_is_found_by_another_of_its_line() {
        assert_eq!(field_where(LINES, 0, "valet", 2), Some("2000"));
        assert_eq!(field_where(LINES, 2, "0", 0), Some("root"));
        assert_eq!(field_where(LINES, 0, "valet2", 2), None);
        assert_eq!(field_where(LINES, 0, "broken", 2), None);
    }
}

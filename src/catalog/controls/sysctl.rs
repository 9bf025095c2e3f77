//! What the kernel's settings come to, whichever files say something of them.

/// A check that the last line about each key, of all files that systemd-sysctl reads and in its
/// order, sets the value: `key=value` for each, divided by spaces.
macro_rules! sysctl {
    ($wanted:literal) => {
        concat!(
            r#"settings=$(systemd-analyze cat-config sysctl.d | sed -E 's/^-//; s/[[:space:]]*=[[:space:]]*/=/') && for wanted in "#,
            $wanted,
            r#"; do test "$(grep "^${wanted%%=*}=" <<<"$settings" | tail -n1)" = "$wanted" || exit 1; done"#
        )
    };
}

pub(super) use sysctl;

//! A dbus-daemon of the test's own.

use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Everybody may own and send everything: who is behind this bus is the test alone. Its socket is
/// in a folder that is nobody else's.
const POLICY: &str = r#"
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

const HEAD: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
"#;

/// A running bus, which ends with this value.
pub struct Bus {
    address: String,
    _daemon: Child,
}

impl Bus {
    pub async fn start(folder: &Path) -> io::Result<Self> {
        let listen = format!(
            "  <listen>unix:path={}</listen>",
            folder.join("bus").display()
        );
        let configuration = folder.join("bus.conf");
        tokio::fs::write(&configuration, format!("{HEAD}{listen}{POLICY}")).await?;
        let mut daemon = Command::new("dbus-daemon")
            .arg("--config-file")
            .arg(&configuration)
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // It complains that it may not raise its limit of open files.
            .stderr(std::fs::File::create(folder.join("bus.log"))?)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| io::Error::new(error.kind(), format!("dbus-daemon: {error}")))?;
        let printed = daemon.stdout.take().map(BufReader::new);
        let printed = printed.ok_or_else(|| io::Error::other("dbus-daemon has no output"))?;
        // It prints its address once it listens.
        let address = printed.lines().next_line().await?;
        let address = address.ok_or_else(|| io::Error::other("dbus-daemon did not start"))?;
        Ok(Self {
            address,
            _daemon: daemon,
        })
    }

    pub fn address(&self) -> &str {
        &self.address
    }
}

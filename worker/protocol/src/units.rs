//! The systemd units of an instance that the agent looks after.

/// The agent itself.
pub const WORKER: &str = "valet-worker.service";
/// The browser-automation program, which is the Hatchet worker.
pub const RUNTIME: &str = "valet-runtime.service";
/// AdsPower.
pub const ADSPOWER: &str = "valet-adspower.service";
/// The X server that shows nothing.
pub const XVFB: &str = "valet-xvfb.service";
/// The screen as VNC, at a socket.
pub const VNC: &str = "valet-vnc.service";
/// The screen in a browser.
pub const NOVNC: &str = "valet-novnc.service";
/// The slice of everything that opens pages.
pub const BROWSERS: &str = "valet-browsers.slice";

/// What the agent starts, stops and restarts. The image's polkit rule allows it these and no other.
pub const MANAGED: [&str; 5] = [RUNTIME, ADSPOWER, XVFB, VNC, NOVNC];

/// The user that the agent runs as, which the polkit rule and the firewall name.
pub const AGENT_USER: &str = "valet-agent";

/// The group whose members may give the agent orders without being root.
pub const OPERATORS_GROUP: &str = "valet-operators";

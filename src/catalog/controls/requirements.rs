//! The hardening checklist that the fleet was asked for, item by item. Every item is accounted
//! for by at least one control.

/// An item of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its number, from 1 on.
    pub number: u8,
    pub group: &'static str,
    /// What it asks for.
    pub text: &'static str,
}

const fn item(number: u8, group: &'static str, text: &'static str) -> Requirement {
    Requirement {
        number,
        group,
        text,
    }
}

/// Every item, in the checklist's order.
pub const REQUIREMENTS: [Requirement; 30] = [
    item(
        1,
        "Network",
        "Port 22 is closed; Session Manager takes its place",
    ),
    item(2, "Network", "noVNC is not reachable from outside"),
    item(
        3,
        "Network",
        "The AdsPower API is reachable from the host only",
    ),
    item(
        4,
        "Network",
        "Outbound traffic is limited to what is needed",
    ),
    item(5, "Network", "Workers stand in private subnets behind NAT"),
    item(6, "Network", "VPC flow logs record the traffic"),
    item(7, "Operating system", "Security updates install themselves"),
    item(8, "Operating system", "Unused services are off"),
    item(
        9,
        "Operating system",
        "sshd refuses root, even with port 22 closed",
    ),
    item(10, "Operating system", "sshd refuses passwords"),
    item(11, "Operating system", "fail2ban guards what is still open"),
    item(12, "Operating system", "auditd records access to files"),
    item(13, "Operating system", "The worker does not run as root"),
    item(14, "AWS", "Every volume is encrypted"),
    item(15, "AWS", "The instance profile is minimal"),
    item(16, "AWS", "Amazon Inspector scans for vulnerabilities"),
    item(17, "AWS", "GuardDuty watches for threats"),
    item(18, "AWS", "Only IMDSv2 answers"),
    item(19, "AWS", "Every resource is tagged"),
    item(
        20,
        "Application",
        "No secret is hard-coded; secrets are fetched at boot",
    ),
    item(21, "Application", "WORKER_API_KEY is rotated every quarter"),
    item(22, "Application", "Tokens are short-lived where possible"),
    item(23, "Application", "The API validates its inputs"),
    item(
        24,
        "Application",
        "Heartbeats and registrations are rate-limited",
    ),
    item(25, "Application", "Actions of administrators are recorded"),
    item(26, "AdsPower", "AdsPower has a user of its own"),
    item(27, "AdsPower", "The AdsPower API is bound to 127.0.0.1"),
    item(28, "AdsPower", "Every profile has a fingerprint of its own"),
    item(
        29,
        "AdsPower",
        "Browser caches and profile data are cleared regularly",
    ),
    item(
        30,
        "AdsPower",
        "Unexpected outbound connections of AdsPower are noticed",
    ),
];

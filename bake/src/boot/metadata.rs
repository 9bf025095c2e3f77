//! What the metadata service tells the machine that is started here, as far as cloud-init asks.

use valet_imds::Metadata;

/// The machine's network card, by which cloud-init finds what is said of it.
pub const MAC: &str = "0a:ff:d4:00:00:01";

/// The address that QEMU gives to its first machine.
const OWN_ADDRESS: &str = "10.0.2.15";

/// The metadata of the machine, with its user data.
#[must_use]
pub fn metadata(user_data: &str) -> Metadata {
    let card = format!("meta-data/network/interfaces/macs/{MAC}");
    let document = format!(
        r#"{{"accountId": "123456789012", "architecture": "x86_64", "availabilityZone": "us-east-1a", "imageId": "ami-0123456789abcdef0", "instanceId": "i-0123456789abcdef0", "instanceType": "t3.large", "privateIp": "{OWN_ADDRESS}", "region": "us-east-1", "version": "2017-09-30"}}"#
    );
    let values = [
        ("user-data", user_data),
        ("dynamic/instance-identity/document", &document),
        ("meta-data/ami-id", "ami-0123456789abcdef0"),
        ("meta-data/hostname", "ip-10-0-2-15.ec2.internal"),
        ("meta-data/instance-id", "i-0123456789abcdef0"),
        ("meta-data/instance-life-cycle", "on-demand"),
        ("meta-data/instance-type", "t3.large"),
        ("meta-data/local-hostname", "ip-10-0-2-15.ec2.internal"),
        ("meta-data/local-ipv4", OWN_ADDRESS),
        ("meta-data/mac", MAC),
        ("meta-data/placement/availability-zone", "us-east-1a"),
        ("meta-data/placement/region", "us-east-1"),
        ("meta-data/services/domain", "amazonaws.com"),
        ("meta-data/services/partition", "aws"),
        (&format!("{card}/device-number"), "0"),
        (&format!("{card}/interface-id"), "eni-0123456789abcdef0"),
        (&format!("{card}/local-ipv4s"), OWN_ADDRESS),
        (&format!("{card}/mac"), MAC),
        (&format!("{card}/subnet-ipv4-cidr-block"), "10.0.2.0/24"),
    ];
    values.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cloud_init_finds_what_it_asks_for() {
        let metadata = metadata("#!/bin/sh\n");
        let get = |path: &str| metadata.find(path).unwrap_or_default();
        assert_eq!(get("/latest/user-data"), "#!/bin/sh\n");
        let cards = get("/latest/meta-data/network/interfaces/macs/");
        assert_eq!(cards, format!("{MAC}/"));
        let document = get("/latest/dynamic/instance-identity/document");
        let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        assert_eq!(document["region"], "us-east-1");
    }
}

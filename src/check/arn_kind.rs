//! ARNs, and the kinds of things that those of fleet.toml name.

use super::identifiers::is_account_id;

/// An Amazon Resource Name in its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    /// Empty for what is the same in every region.
    pub region: &'a str,
    /// The account's id, `aws` for what is AWS's own, or empty.
    pub account: &'a str,
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads the six parts of an ARN. What they hold is for [`ArnKind::is`] to say.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, service, region, account, resource] = parts[..] else {
            return None;
        };
        let is_plain = |text: &str| text.chars().all(|letter| letter.is_ascii_graphic());
        (is_plain(text) && !resource.is_empty()).then_some(Self {
            partition,
            service,
            region,
            account,
            resource,
        })
    }
}

/// A kind of thing that an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnKind {
    /// What it is, with its article.
    pub what: &'static str,
    service: &'static str,
    /// How the resource begins.
    resource: &'static str,
    /// Whether it is used from its own region only.
    pub regional: bool,
    /// Whether it is the account's own, or AWS's.
    pub own: bool,
    /// An example.
    pub example: &'static str,
}

pub const POLICY: ArnKind = ArnKind {
    what: "an IAM policy",
    service: "iam",
    resource: "policy/",
    regional: false,
    own: true,
    example: "arn:aws:iam::111122223333:policy/boundary",
};
pub const ROLE: ArnKind = ArnKind {
    what: "an IAM role",
    service: "iam",
    resource: "role/",
    regional: false,
    own: false,
    example: "arn:aws:iam::111122223333:role/terraform",
};
/// The role that makes the resources: they are its account's.
pub const OWN_ROLE: ArnKind = ArnKind { own: true, ..ROLE };
pub const KEY: ArnKind = ArnKind {
    what: "a KMS key",
    service: "kms",
    resource: "key/",
    regional: true,
    own: false,
    example: "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-44cd-86ef-1234567890ab",
};
pub const TOPIC: ArnKind = ArnKind {
    what: "an SNS topic",
    service: "sns",
    resource: "",
    regional: true,
    own: false,
    example: "arn:aws:sns:us-east-1:111122223333:pager",
};
pub const EVENT_BUS: ArnKind = ArnKind {
    what: "an EventBridge bus",
    service: "events",
    resource: "event-bus/",
    regional: false,
    own: false,
    example: "arn:aws:events:us-east-1:111122223333:event-bus/operations",
};
pub const PARAMETER: ArnKind = ArnKind {
    what: "an SSM parameter",
    service: "ssm",
    resource: "parameter/",
    regional: true,
    own: false,
    example: "arn:aws:ssm:us-east-1:111122223333:parameter/valet/ami",
};
pub const REPOSITORY: ArnKind = ArnKind {
    what: "an ECR repository",
    service: "ecr",
    resource: "repository/",
    regional: false,
    own: false,
    example: "arn:aws:ecr:us-east-1:111122223333:repository/runtime",
};

impl ArnKind {
    /// Whether the ARN names such a thing.
    pub fn is(self, arn: Arn<'_>) -> bool {
        let rest = arn.resource.strip_prefix(self.resource);
        let names_something = rest.is_some_and(|rest| !rest.is_empty());
        let of_account =
            is_account_id(arn.account) || self.service == "iam" && arn.account == "aws";
        let is_global = self.service == "iam";
        let is_key = self.service != KEY.service || rest.is_some_and(is_key_id);
        is_key
            && arn.service == self.service
            && arn.partition.starts_with("aws")
            && arn.region.is_empty() == is_global
            && of_account
            && names_something
            && !arn.resource.contains(['*', '?', ':'])
    }
}

/// Whether the provider takes this for a key's id: a UUID of versions 1 to 5, or `mrk-` and 32 digits.
fn is_key_id(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if let Some(digits) = text.strip_prefix("mrk-") {
        return digits.len() == 32 && digits.bytes().all(is_digit);
    }
    let bytes = text.as_bytes();
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            14 => matches!(byte, b'1'..=b'5'),
            19 => b"89ab".contains(byte),
            _ => is_digit(*byte),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(kind: ArnKind, text: &str) -> bool {
        Arn::parse(text).is_some_and(|arn| kind.is(arn))
    }

    #[test]
    fn every_example_is_of_its_kind_and_of_no_other() {
        let kinds = [POLICY, ROLE, KEY, TOPIC, EVENT_BUS, PARAMETER, REPOSITORY];
        for kind in kinds {
            for other in kinds {
                assert_eq!(is(kind, other.example), kind == other, "{}", other.example);
            }
        }
    }

    #[test]
    fn what_is_no_arn_of_the_kind() {
        for text in [
            "",
            "boundary",
            "arn:aws:iam::111122223333:policy/",
            "arn:aws:iam:us-east-1:111122223333:policy/x",
            "arn:aws:iam::1111:policy/x",
            "arn:aws:iam::111122223333:policy/x*",
            "arn:aws:iam::111122223333:policy/x y",
            "arn:aws:iam::111122223333",
        ] {
            assert!(!is(POLICY, text), "{text}");
        }
        let key = |id: &str| format!("arn:aws:kms:us-east-1:111122223333:key/{id}");
        assert!(is(KEY, &key("mrk-1234abcd12ab44cd86ef1234567890ab")));
        assert!(!is(KEY, &key("1234abcd-12ab-34cd-56ef-1234567890ab")));
        assert!(!is(KEY, &key("alias/valet")));
        assert!(is(POLICY, "arn:aws:iam::aws:policy/ReadOnlyAccess"));
        assert!(is(
            POLICY,
            "arn:aws-us-gov:iam::111122223333:policy/team/boundary"
        ));
    }
}

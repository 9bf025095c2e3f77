//! Where AWS's services are.

use std::collections::BTreeMap;

use super::AwsError;
use crate::outbound::Address;

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    AutoScaling,
    CloudWatch,
    Ec2,
    Sns,
    Sts,
}

impl Service {
    const ALL: [Self; 5] = [
        Self::AutoScaling,
        Self::CloudWatch,
        Self::Ec2,
        Self::Sns,
        Self::Sts,
    ];

    /// The name in signatures, and the first part of the host's name but for CloudWatch.
    pub const fn signing_name(self) -> &'static str {
        match self {
            Self::AutoScaling => "autoscaling",
            Self::CloudWatch => "monitoring",
            Self::Ec2 => "ec2",
            Self::Sns => "sns",
            Self::Sts => "sts",
        }
    }

    /// The version of the API.
    pub const fn version(self) -> &'static str {
        match self {
            Self::AutoScaling => "2011-01-01",
            Self::CloudWatch => "2010-08-01",
            Self::Ec2 => "2016-11-15",
            Self::Sns => "2010-03-31",
            Self::Sts => "2011-06-15",
        }
    }

    /// The end of the variable `AWS_ENDPOINT_URL_...`.
    const fn variable(self) -> &'static str {
        match self {
            Self::AutoScaling => "AUTO_SCALING",
            Self::CloudWatch => "CLOUDWATCH",
            Self::Ec2 => "EC2",
            Self::Sns => "SNS",
            Self::Sts => "STS",
        }
    }
}

/// The addresses that were set instead of AWS's.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    of_all: Option<String>,
    of_service: BTreeMap<Service, String>,
}

impl Endpoints {
    /// From the environment: `AWS_ENDPOINT_URL_<SERVICE>`, or `AWS_ENDPOINT_URL` for all; then from the configuration.
    #[must_use]
    pub fn new(variable: impl Fn(&str) -> Option<String>, configured: Option<&str>) -> Self {
        let named = |service: &Service| {
            let name = format!("AWS_ENDPOINT_URL_{}", service.variable());
            variable(&name).map(|address| (*service, address))
        };
        Self {
            of_all: variable("AWS_ENDPOINT_URL").or_else(|| configured.map(str::to_owned)),
            of_service: Service::ALL.iter().filter_map(named).collect(),
        }
    }

    /// Where a service of a region is.
    pub(super) fn of(&self, service: Service, region: &str) -> Result<Address, AwsError> {
        if let Some(address) = self.of_service.get(&service).or(self.of_all.as_ref()) {
            return Ok(Address::parse(address)?);
        }
        let name = service.signing_name();
        let suffix = dns_suffix(region);
        Ok(Address::parse(&format!(
            "https://{name}.{region}.{suffix}"
        ))?)
    }
}

/// The end of the names of a region's endpoints, which is that of its partition.
fn dns_suffix(region: &str) -> &'static str {
    match region {
        region if region.starts_with("cn-") => "amazonaws.com.cn",
        region if region.starts_with("eusc-") => "amazonaws.eu",
        region if region.starts_with("us-iso-") => "c2s.ic.gov",
        region if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ => "amazonaws.com",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_has_the_address_that_is_set_for_it_or_the_regions() {
        let none = Endpoints::new(|_| None, None);
        let of = |service, region| none.of(service, region).expect("an address");
        assert_eq!(
            of(Service::CloudWatch, "eu-central-1").host,
            "monitoring.eu-central-1.amazonaws.com"
        );
        assert_eq!(
            of(Service::Ec2, "cn-north-1").host,
            "ec2.cn-north-1.amazonaws.com.cn"
        );
        let variables = |name: &str| match name {
            "AWS_ENDPOINT_URL" => Some("http://127.0.0.1:1".to_owned()),
            "AWS_ENDPOINT_URL_EC2" => Some("http://127.0.0.1:2".to_owned()),
            _ => None,
        };
        let set = Endpoints::new(variables, Some("http://127.0.0.1:3"));
        let port = |service| set.of(service, "us-east-1").expect("an address").port;
        assert_eq!((port(Service::Ec2), port(Service::Sns)), (2, 1));
        let configured = Endpoints::new(|_| None, Some("http://127.0.0.1:3"));
        assert_eq!(
            configured.of(Service::Sts, "x").expect("an address").port,
            3
        );
    }
}

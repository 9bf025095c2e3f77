//! What AWS charges for everything but the instances, whose prices are in the catalogue.

use serde::Serialize;

use crate::catalog::regional_rates;

/// One price: of AWS's price list for [`REGION`] as of [`AS_OF`], where [`in_region`] does not say another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// What is charged.
    pub name: &'static str,
    /// US dollars for one `unit`.
    pub usd: f64,
    pub unit: &'static str,
    /// The page that states it.
    pub source: &'static str,
}

/// The day of the prices; the catalogue's, so that one estimate has one date.
pub use crate::catalog::instance_types::PRICES_AS_OF as AS_OF;
/// The region of the prices.
pub use crate::catalog::instance_types::PRICES_REGION as REGION;

/// Hours that AWS's own examples give a month: 8,760 hours of a year by twelve.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// Days of such a month.
pub const DAYS_PER_MONTH: f64 = HOURS_PER_MONTH / 24.0;

const EBS: &str = "https://aws.amazon.com/ebs/pricing/";
const VPC: &str = "https://aws.amazon.com/vpc/pricing/";
const PRIVATE_LINK: &str = "https://aws.amazon.com/privatelink/pricing/";
const EC2: &str = "https://aws.amazon.com/ec2/pricing/on-demand/";
const CLOUD_WATCH: &str = "https://aws.amazon.com/cloudwatch/pricing/";
const KMS: &str = "https://aws.amazon.com/kms/pricing/";
const SECRETS_MANAGER: &str = "https://aws.amazon.com/secrets-manager/pricing/";
const SYSTEMS_MANAGER: &str = "https://aws.amazon.com/systems-manager/pricing/";

const fn rate(name: &'static str, usd: f64, unit: &'static str, source: &'static str) -> Rate {
    Rate {
        name,
        usd,
        unit,
        source,
    }
}

pub const VOLUME: Rate = rate("gp3 volume", 0.08, "GiB-month", EBS);
/// Above [`INCLUDED_IOPS`].
pub const VOLUME_IOPS: Rate = rate("gp3 operations per second", 0.005, "IOPS-month", EBS);
/// Above [`INCLUDED_THROUGHPUT`].
pub const VOLUME_THROUGHPUT: Rate = rate("gp3 throughput", 0.04, "MiBps-month", EBS);
pub const NAT_GATEWAY: Rate = rate("NAT gateway", 0.045, "hour", VPC);
pub const NAT_DATA_PER_GB: Rate = rate("NAT gateway data", 0.045, "GB", VPC);
pub const PUBLIC_IPV4: Rate = rate("public IPv4 address", 0.005, "hour", VPC);
/// Charged on both sides.
pub const ZONE_CROSSING: Rate = rate("data between zones", 0.01, "GB", EC2);
pub const INTERFACE_ENDPOINT: Rate = rate("interface endpoint", 0.01, "hour", PRIVATE_LINK);
pub const ENDPOINT_DATA_PER_GB: Rate = rate("interface endpoint data", 0.01, "GB", PRIVATE_LINK);
/// A standard-resolution alarm, for each metric that it reads.
pub const ALARM: Rate = rate("alarm", 0.10, "metric-month", CLOUD_WATCH);
pub const COMPOSITE_ALARM: Rate = rate("composite alarm", 0.50, "month", CLOUD_WATCH);
/// Detailed monitoring of EC2 is charged alike.
pub const CUSTOM_METRIC: Rate = rate("custom metric", 0.30, "metric-month", CLOUD_WATCH);
pub const DASHBOARD: Rate = rate("dashboard", 3.00, "month", CLOUD_WATCH);
pub const LOG_INGESTION: Rate = rate("logs ingested", 0.50, "GB", CLOUD_WATCH);
pub const LOG_STORAGE: Rate = rate("logs stored", 0.03, "GB-month", CLOUD_WATCH);
pub const KEY: Rate = rate("KMS key", 1.00, "month", KMS);
pub const SECRET: Rate = rate("secret", 0.40, "month", SECRETS_MANAGER);
pub const PARAMETER: Rate = rate("standard parameter", 0.00, "month", SYSTEMS_MANAGER);

/// Every rate, in the order of the lines of an estimate.
pub const RATES: &[Rate] = &[
    VOLUME,
    VOLUME_IOPS,
    VOLUME_THROUGHPUT,
    NAT_GATEWAY,
    NAT_DATA_PER_GB,
    PUBLIC_IPV4,
    ZONE_CROSSING,
    INTERFACE_ENDPOINT,
    ENDPOINT_DATA_PER_GB,
    ALARM,
    COMPOSITE_ALARM,
    CUSTOM_METRIC,
    DASHBOARD,
    LOG_INGESTION,
    LOG_STORAGE,
    KEY,
    SECRET,
    PARAMETER,
];

/// The rates that are known by region.
pub struct RegionalRates {
    pub volume: Rate,
    pub volume_iops: Rate,
    pub nat_gateway: Rate,
    pub nat_data_per_gb: Rate,
}

/// The rates of a region, and those of [`REGION`] in place of what is not known of it.
#[must_use]
pub fn in_region(region: &str) -> RegionalRates {
    let priced = |rate: Rate, usd: Option<f64>| Rate {
        usd: usd.unwrap_or(rate.usd),
        ..rate
    };
    let volume = regional_rates::volume(region);
    let nat_gateway = regional_rates::nat_gateway(region);
    RegionalRates {
        volume: priced(VOLUME, volume.map(|prices| prices.gibibyte)),
        volume_iops: priced(VOLUME_IOPS, volume.map(|prices| prices.iops)),
        nat_gateway: priced(NAT_GATEWAY, nat_gateway),
        nat_data_per_gb: priced(NAT_DATA_PER_GB, nat_gateway),
    }
}

/// Operations per second that a gp3 volume has without extra charge.
pub const INCLUDED_IOPS: u32 = 3000;

/// MiB per second that a gp3 volume has without extra charge.
pub const INCLUDED_THROUGHPUT: u32 = 125;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_of_the_price_list_has_its_own_rates() {
        let here = in_region(REGION);
        assert_eq!(here.volume, VOLUME);
        assert_eq!(here.volume_iops, VOLUME_IOPS);
        assert_eq!(here.nat_gateway, NAT_GATEWAY);
        assert_eq!(here.nat_data_per_gb, NAT_DATA_PER_GB);
    }

    #[test]
    fn every_rate_has_a_name_of_its_own() {
        for (index, rate) in RATES.iter().enumerate() {
            assert!(RATES[..index].iter().all(|other| other.name != rate.name));
            assert!(rate.usd >= 0.0 && rate.source.starts_with("https://aws.amazon.com/"));
        }
    }
}

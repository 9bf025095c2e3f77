//! The groups of instance families that EC2 limits together, by the codes of their quotas in Service Quotas
//! (AWS General Reference, "Amazon EC2 endpoints and quotas").

/// A group of families with quotas of its own.
#[derive(Debug, PartialEq, Eq)]
pub struct QuotaFamily {
    /// As Service Quotas names it.
    pub name: &'static str,
    /// Beginnings of the types' names; the first group that fits is a type's.
    beginnings: &'static [&'static str],
    pub on_demand: &'static str,
    /// `None` where there is no spot.
    pub spot: Option<&'static str>,
}

const fn family(
    name: &'static str,
    beginnings: &'static [&'static str],
    on_demand: &'static str,
    spot: Option<&'static str>,
) -> QuotaFamily {
    QuotaFamily {
        name,
        beginnings,
        on_demand,
        spot,
    }
}

const FAMILIES: &[QuotaFamily] = &[
    family("DL", &["dl"], "L-6E869C2A", Some("L-85EED4F7")),
    family("HPC", &["hpc"], "L-F7808C92", None),
    family("Inf", &["inf"], "L-1945791B", Some("L-B5D1601B")),
    family("Trn", &["trn"], "L-2C3B7624", Some("L-6B0D517C")),
    family(
        "High Memory",
        &["u-", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9"],
        "L-43DA4232",
        None,
    ),
    family("G and VT", &["g", "vt"], "L-DB2E81BA", Some("L-3819A6DF")),
    family("P", &["p"], "L-417A185B", Some("L-7212CCBC")),
    family("F", &["f"], "L-74FC7D96", Some("L-88CF9481")),
    family("X", &["x"], "L-7295265B", Some("L-E3A00192")),
];

const STANDARD: QuotaFamily = family(
    "Standard (A, C, D, H, I, M, R, T, Z)",
    &[""],
    "L-1216C47A",
    Some("L-34B43A08"),
);

/// The group of an instance type.
#[must_use]
pub fn of(instance_type: &str) -> &'static QuotaFamily {
    let of_type = |family: &&QuotaFamily| {
        family
            .beginnings
            .iter()
            .any(|it| instance_type.starts_with(it))
    };
    FAMILIES.iter().find(of_type).unwrap_or(&STANDARD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_of_one_group() {
        for (instance_type, name) in [
            ("m7i.large", STANDARD.name),
            ("i4i.large", STANDARD.name),
            ("hpc7g.4xlarge", "HPC"),
            ("h1.2xlarge", STANDARD.name),
            ("inf2.xlarge", "Inf"),
            ("im4gn.large", STANDARD.name),
            ("t3.large", STANDARD.name),
            ("trn1.2xlarge", "Trn"),
            ("g5.xlarge", "G and VT"),
            ("u7i-12tb.224xlarge", "High Memory"),
            ("x2gd.large", "X"),
        ] {
            assert_eq!(of(instance_type).name, name, "{instance_type}");
        }
    }
}

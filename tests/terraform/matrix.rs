//! Every combination of two values of the language's enums and lists, empty ones among them: what `validate` accepts,
//! `terraform validate` accepts. Some fleets of the matrix run every time, all with `VALET_TEST_DEEP=1`.

use std::collections::BTreeSet;

use test_support::{folders, is_deep, pipeline};

use crate::modules::{self, Rendered};
use crate::trials::{Problem, Trials};
use crate::{fmt_and_validate, report};

const KIND: &str = "matrix";

/// Fleets that run every time.
const SAMPLE: usize = 2;

/// Fleets that are tried to find one for every pair: rules refuse some combinations.
const MAX_TRIED: usize = 600;

/// The share of pairs that has to be covered. The rest excludes each other, as a network that exists excludes its own.
const LEAST_COVERED: f64 = 0.9;

/// Lines of fleet.toml in a table, one of which is chosen.
type Dimension = (&'static str, &'static [&'static str]);

const X86: &str = r#"types = [{ instance_type = "m7i.large" }, { instance_type = "m6i.large" }]"#;

const DIMENSIONS: &[Dimension] = &[
    (
        "terraform",
        &[
            "backend = \"local\"",
            "backend = { type = \"s3\", bucket = \"matrix-state\" }",
        ],
    ),
    ("terraform", &["protect = true", "protect = false"]),
    (
        "network",
        &[
            "nat_gateways = \"single\"",
            "nat_gateways = \"per_zone\"",
            "nat_gateways = \"none\"\nvpc_endpoints = [\"autoscaling\", \"ec2\", \"kms\", \"logs\", \"monitoring\", \"s3\", \"secretsmanager\", \"ssm\", \"ssmmessages\"]",
            "vpc_endpoints = []",
            "vpc_endpoints = [\"dynamodb\"]",
            "existing = { vpc_id = \"vpc-0123456789abcdef0\", private_subnet_ids = [\"subnet-0123456789abcdef0\"] }",
        ],
    ),
    (
        "network",
        &[
            "",
            "egress = [{ port = 443, description = \"HTTPS\" }, { port = 3478, to_port = 3481, protocol = \"udp\", cidr_block = \"192.0.2.0/24\", description = \"TURN\" }]",
            "egress = [{ port = 443, cidr_block = \"10.40.0.0/16\", description = \"inside\" }]",
        ],
    ),
    (
        "network",
        &[
            "",
            "proxy = { url = \"http://proxy.matrix.example:443\" }",
            "proxy = { url = \"http://proxy.matrix.example:443\", no_proxy = [\".matrix.example\", \"10.0.0.0/8\", \"::1\"] }",
        ],
    ),
    (
        "network",
        &[
            "flow_logs = { traffic_type = \"ALL\" }",
            "flow_logs = { traffic_type = \"ACCEPT\" }",
            "flow_logs = { traffic_type = \"REJECT\" }",
        ],
    ),
    (
        "instances",
        &[
            X86,
            "types = [{ instance_type = \"t3.large\" }]",
            "types = [{ instance_type = \"t3.large\" }, { instance_type = \"m7i.large\", slots = 4, weight = 1 }]\ncpu_credits = \"unlimited\"",
            "architecture = \"arm64\"\ntypes = [{ instance_type = \"m7g.large\" }]",
        ],
    ),
    (
        "instances",
        &[
            "on_demand_percentage_above_base_capacity = 100",
            "spot_allocation_strategy = \"price-capacity-optimized\"",
            "spot_allocation_strategy = \"capacity-optimized\"",
            "spot_allocation_strategy = \"capacity-optimized-prioritized\"",
        ],
    ),
    (
        "instances",
        &["capacity_rebalance = true", "capacity_rebalance = false"],
    ),
    (
        "instances",
        &[
            "",
            "root_volume = { iops = 4000, throughput = 250 }",
            "root_volume = { kms_key = \"arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef\" }",
        ],
    ),
    (
        "scaling",
        &["", "min_size = 0", "min_size = 3\nmax_size = 3"],
    ),
    (
        "scaling",
        &["", "queue = { enabled = false }", "queue = { steps = [] }"],
    ),
    ("scaling", &["", "cpu = { enabled = false }"]),
    ("scaling", &["", "slots = { enabled = false }"]),
    ("worker.hatchet", &["tasks = []", "tasks = [\"fill-form\"]"]),
    (
        "worker.hatchet",
        &["tls = \"tls\"", "tls = \"mtls\"", "tls = \"none\""],
    ),
    (
        "worker.drain",
        &[
            "",
            "group_seconds = 86400",
            "spot_seconds = 60\nmaintenance_seconds = 60",
        ],
    ),
    ("access", &["ssh = \"none\"", "ssh = \"instance_connect\""]),
    (
        "access",
        &["operators = \"mfa\"", "operators = \"identity_center\""],
    ),
    (
        "access.session_manager",
        &[
            "log_to = []",
            "log_to = [\"s3\"]",
            "log_to = [\"cloudwatch\"]",
            "log_to = [\"s3\", \"cloudwatch\"]",
        ],
    ),
    (
        "iam",
        &[
            "path = \"/\"",
            "path = \"/teams/browsers/\"\npermissions_boundary = \"arn:aws:iam::111122223333:policy/boundary\"",
            "s3 = [{ bucket = \"profiles\", prefix = \"a/\", access = \"read\" }, { bucket = \"results\", access = \"write\" }]\necr_repositories = [\"arn:aws:ecr:us-east-1:111122223333:repository/runtime\"]",
            "s3 = []\nmanaged_policies = []\necr_repositories = []\nstatements = []",
        ],
    ),
    (
        "control",
        &[
            "",
            "enabled = true",
            "enabled = true\nruns_on = \"ecs\"\nsecret = \"HATCHET_CLIENT_TOKEN\"",
            "enabled = true\nruns_on = \"ec2\"",
            "enabled = true\ntrusted_role_arns = [\"arn:aws:iam::111122223333:role/pods\"]",
        ],
    ),
    ("alerts", &["email = []", "email = [\"ops@valet.example\"]"]),
    (
        "image",
        &["builder = \"imagebuilder\"", "builder = \"packer\""],
    ),
    (
        "image",
        &["base = \"ubuntu-24.04\"", "base = \"ubuntu-22.04\""],
    ),
    ("audit", &["cloudtrail = true", "cloudtrail = false"]),
    ("audit", &["guardduty = true", "guardduty = false"]),
    ("audit", &["inspector = true", "inspector = false"]),
    (
        "audit.account_defaults",
        &[
            "",
            "ebs_encryption = true\nimdsv2 = true\nblock_public_images = true\nblock_public_snapshots = true\nblock_public_buckets = true",
        ],
    ),
    (
        "secrets",
        &[
            "HATCHET_CLIENT_TOKEN = { store = \"ssm\", read = \"boot\" }\nHATCHET_CLIENT_TLS_CERT = { store = \"ssm\", read = \"boot\" }\nHATCHET_CLIENT_TLS_KEY = { store = \"ssm\", read = \"boot\" }",
            "HATCHET_CLIENT_TOKEN = { store = \"secretsmanager\", read = \"boot\" }\nHATCHET_CLIENT_TLS_CERT = { store = \"secretsmanager\", read = \"boot\" }\nHATCHET_CLIENT_TLS_KEY = { store = \"secretsmanager\", read = \"runtime\" }",
        ],
    ),
];

/// A schedule and alarms are lists of tables, which stand last.
const ENDINGS: &[&str] = &[
    "",
    "[[schedule]]\nname = \"day\"\nrecurrence = \"0 8 * * *\"\nmax_size = 12\n",
    "[[alarm]]\nname = \"adspower-down\"\nenabled = false\n[[alarm]]\nname = \"hatchet-disconnected\"\nenabled = false\n[[alarm]]\nname = \"xvfb-down\"\nenabled = false\n[[alarm]]\nname = \"heartbeat-missing\"\nenabled = false\n",
    "[[alarm]]\nname = \"swapping\"\nmetric = \"swap_used_percent\"\nthreshold = 50\nstatistic = \"SampleCount\"\ncomparison_operator = \"LessThanOrEqualToThreshold\"\ntreat_missing_data = \"missing\"\n",
];

/// One choice of every dimension, the ending last.
type Row = Vec<usize>;

/// Two choices: dimension and value of each.
type Pair = (usize, usize, usize, usize);

pub fn add(trials: &mut Trials) {
    trials.add(
        "matrix: what validate accepts, terraform validate accepts",
        &["terraform"],
        run,
    );
}

fn run() -> Result<(), Problem> {
    let (rows, covered) = rows();
    let all = all_pairs().len();
    if (covered as f64) < LEAST_COVERED * all as f64 {
        return Err(Problem::Failed(format!(
            "{covered} of {all} pairs are in fleets that validate accepts"
        )));
    }
    let chosen = if is_deep() { rows.len() } else { SAMPLE };
    for (index, row) in rows.iter().take(chosen).enumerate() {
        validate(index, &fleet(row))?;
    }
    report::count(KIND, "fleets that Terraform accepts", chosen);
    if is_deep() {
        report::count(KIND, "pairs of values in them", covered);
        report::count(KIND, "pairs that exclude each other", all - covered);
    }
    Ok(())
}

fn validate(index: usize, text: &str) -> Result<(), Problem> {
    let folder = folders::fresh(&format!("terraform/matrix/{index}"))?;
    let file = folder.join("fleet.toml");
    folders::write(&file, text)?;
    let rendered = Rendered {
        name: format!("matrix-{index}"),
        folder: folder.join("rendered"),
    };
    modules::render(&file, &rendered.folder)?;
    for module in rendered.modules()? {
        let log = format!("validate {} {}", rendered.name, module.name);
        fmt_and_validate::validate(&module, &log)
            .map_err(|problem| format!("{problem}\n{text}"))?;
    }
    Ok(())
}

fn values(dimension: usize) -> usize {
    DIMENSIONS
        .get(dimension)
        .map_or(ENDINGS.len(), |(_, values)| values.len())
}

fn fleet(row: &Row) -> String {
    let mut text = "[fleet]\nname = \"matrix\"\nregion = \"us-east-1\"\n".to_owned();
    let mut tables: Vec<&str> = DIMENSIONS.iter().map(|(table, _)| *table).collect();
    tables.dedup();
    for table in tables {
        text.push_str(&format!("[{table}]\n"));
        for ((of, values), choice) in DIMENSIONS.iter().zip(row) {
            if *of == table {
                text.push_str(values[*choice]);
                text.push('\n');
            }
        }
    }
    text.push_str(ENDINGS[row[DIMENSIONS.len()]]);
    text
}

fn pairs_of(row: &Row) -> impl Iterator<Item = Pair> + '_ {
    (0..row.len()).flat_map(move |first| {
        (first + 1..row.len()).map(move |second| (first, row[first], second, row[second]))
    })
}

fn all_pairs() -> BTreeSet<Pair> {
    let dimensions = DIMENSIONS.len() + 1;
    let mut pairs = BTreeSet::new();
    for first in 0..dimensions {
        for second in first + 1..dimensions {
            for one in 0..values(first) {
                for other in 0..values(second) {
                    pairs.insert((first, one, second, other));
                }
            }
        }
    }
    pairs
}

/// Fleets that `validate` accepts, each with pairs that none before it has, and how many pairs they have in all.
fn rows() -> (Vec<Row>, usize) {
    let mut open = all_pairs();
    let all = open.len();
    let mut rows = Vec::new();
    let mut excluded = BTreeSet::new();
    for round in 0..MAX_TRIED {
        let Some(start) = open.iter().find(|pair| !excluded.contains(*pair)).copied() else {
            break;
        };
        let row = grown(start, &open, round);
        if pipeline::try_plan_of(&fleet(&row)).is_ok() {
            for pair in pairs_of(&row) {
                open.remove(&pair);
            }
            rows.push(row);
        } else if pipeline::try_plan_of(&fleet(&plainest(start))).is_ok() {
            let row = plainest(start);
            for pair in pairs_of(&row) {
                open.remove(&pair);
            }
            rows.push(row);
        } else {
            excluded.insert(start);
        }
    }
    (rows, all - open.len())
}

/// A row with this pair, and otherwise the first value of everything.
fn plainest((first, one, second, other): Pair) -> Row {
    let mut row = vec![0; DIMENSIONS.len() + 1];
    row[first] = one;
    row[second] = other;
    row
}

/// A row with this pair, and in each other dimension the value that has most open pairs with what is chosen already.
fn grown(start: Pair, open: &BTreeSet<Pair>, round: usize) -> Row {
    let (first, one, second, other) = start;
    let mut chosen: Vec<(usize, usize)> = vec![(first, one), (second, other)];
    let dimensions = DIMENSIONS.len() + 1;
    for step in 0..dimensions {
        let dimension = (step + round) % dimensions;
        if chosen.iter().any(|(known, _)| *known == dimension) {
            continue;
        }
        let gain = |value: usize| {
            chosen
                .iter()
                .filter(|(known, choice)| {
                    let pair = if *known < dimension {
                        (*known, *choice, dimension, value)
                    } else {
                        (dimension, value, *known, *choice)
                    };
                    open.contains(&pair)
                })
                .count()
        };
        let best = (0..values(dimension))
            .max_by_key(|value| (gain(*value), (value + round) % values(dimension)))
            .unwrap_or_default();
        chosen.push((dimension, best));
    }
    chosen.sort_unstable();
    chosen.into_iter().map(|(_, choice)| choice).collect()
}

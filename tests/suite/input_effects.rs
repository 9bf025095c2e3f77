//! What AWS or the instance refuses of values that are each well-formed: rights, ports, and connections that the network drops.

use crate::input_cases::{each_gives, found};

#[test]
fn statements_of_the_workers_role() {
    each_gives(
        "iam.statement-form",
        &[
            (
                "[[iam.statements]]\nactions = []\nresources = [\"*\"]\n",
                "a statement has no actions",
            ),
            (
                "[[iam.statements]]\nactions = [\"s3:GetObject\"]\nresources = []\n",
                "a statement has no resources",
            ),
        ],
    );
    each_gives(
        "iam.statement-broad",
        &[
            (
                "[[iam.statements]]\nactions = [\"iam:PassRole\"]\nresources = [\"*\"]\n",
                "on every resource",
            ),
            (
                "[[iam.statements]]\nactions = [\"ssm:getparam*\"]\nresources = [\"*\"]\n",
                "on every resource",
            ),
        ],
    );
    each_gives(
        "fleet.arn-elsewhere",
        &[(
            "[[iam.statements]]\nactions = [\"dynamodb:GetItem\"]\n\
             resources = [\"arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/x\"]\n",
            "the partition aws",
        )],
    );
    each_gives(
        "iam.path-form",
        &[("[iam]\npath = \"/aws-service-role/x/\"\n", "reserved")],
    );
}

#[test]
fn ports_of_one_instance() {
    each_gives(
        "worker.ports-clash",
        &[
            (
                "[worker.metrics]\nport = 6080\n",
                "noVNC and the agent's figures",
            ),
            (
                "[worker.metrics]\nport = 50325\n",
                "AdsPower and the agent's figures",
            ),
            ("[worker.novnc]\nport = 50325\n", "AdsPower and noVNC"),
        ],
    );
}

#[test]
fn heartbeats_that_the_network_drops() {
    let secrets = "[secrets]\nHATCHET_CLIENT_TOKEN = { store = \"ssm\", read = \"boot\" }\n\
                   WORKER_API_KEY = { store = \"ssm\", read = \"boot\" }\n";
    let to = |url: &str, egress: &str| {
        format!("{secrets}[worker.heartbeat]\nurl = \"{url}\"\n[network]\negress = [{egress}]\n")
    };
    let https = "{ port = 443, description = \"a\" }";
    let udp = "{ port = 8443, protocol = \"udp\", description = \"b\" }";
    let elsewhere = "{ port = 8443, cidr_block = \"10.0.0.0/8\", description = \"b\" }";
    let range = "{ port = 8000, to_port = 9000, description = \"b\" }";
    for (url, egress) in [
        ("https://api.example.com:8443/x", https.to_owned()),
        ("https://api.example.com:8443/x", format!("{https}, {udp}")),
        ("https://192.0.2.1:8443/x", format!("{https}, {elsewhere}")),
    ] {
        each_gives(
            "worker.heartbeat-port",
            &[(&to(url, &egress), "port = 8443")],
        );
    }
    for (url, egress) in [
        ("https://api.example.com/x", https.to_owned()),
        (
            "https://api.example.com:8443/x",
            format!("{https}, {range}"),
        ),
        ("https://10.1.2.3:8443/x", format!("{https}, {elsewhere}")),
    ] {
        let found = found(&to(url, &egress));
        assert!(found.is_empty(), "{url} {egress}: {found:#?}");
    }
}

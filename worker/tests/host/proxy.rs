//! A fleet whose only way out is a proxy: a real one, and names that only it resolves.

use std::time::Duration;

use valet_protocol::config::Proxy;
use valet_protocol::local_api::State;
use valet_test_kit::harness::configuration::seconds;
use valet_test_kit::harness::{Harness, LIMIT};
use valet_test_kit::hatchet::TaskRun;
use valet_test_kit::squid::{self, ProxiedRequest, REFUSED, Squid};
use valet_test_kit::tls::Authority;
use valet_test_kit::wait::until;

use crate::support::{harness, push, until_task};

/// What the agent talks to, by the variable that leads it there.
const NAMES: [(&str, &str); 5] = [
    ("AWS_ENDPOINT_URL", "stores"),
    ("AWS_ENDPOINT_URL_CLOUDWATCH", "cloudwatch"),
    ("AWS_ENDPOINT_URL_AUTO_SCALING", "groups"),
    ("HATCHET_CLIENT_API_URL", "hatchet"),
    ("HATCHET_CLIENT_HOST_PORT", "engine"),
];

/// A harness behind TLS whose addresses are names of the proxy's.
struct Behind {
    harness: Harness,
    proxy: Squid,
    environment: Vec<(&'static str, String)>,
}

async fn behind_proxy() -> Option<Behind> {
    if !squid::is_installed_or_skip() {
        return None;
    }
    let mut harness = harness(|config| config.start.secrets_seconds = seconds(20.0)).await?;
    let names: Vec<&str> = NAMES.iter().map(|(_, name)| *name).chain(["api"]).collect();
    let proxy = Squid::start(&names).await.expect("it starts");
    let authority = Authority::new();
    let bundle = harness.folder().join("bundle.pem");
    authority.write_bundle(&bundle).expect("written");
    let environment = harness.behind_tls(&authority, None).await.expect("ports");
    let mut environment: Vec<(&str, String)> = environment
        .into_iter()
        .map(|(variable, address)| {
            let name = NAMES.iter().find(|(known, _)| *known == variable);
            let name = format!("{}.{}", name.expect("it is listed").1, squid::DOMAIN);
            (variable, address.replace("localhost", &name))
        })
        .collect();
    let url = harness.config.heartbeat.url.take().expect("there is one");
    let api = format!("api.{}", squid::DOMAIN);
    harness.config.heartbeat.url = Some(url.replace("localhost", &api));
    harness.config.proxy = Some(Proxy {
        url: proxy.url(),
        no_proxy: Vec::new(),
    });
    harness.write_configuration().expect("written");
    environment.push(("SSL_CERT_FILE", bundle.display().to_string()));
    Some(Behind {
        harness,
        proxy,
        environment,
    })
}

impl Behind {
    fn run_agent(&mut self) {
        let environment: Vec<(&str, &str)> = self
            .environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.harness
            .run_agent_with(&environment)
            .expect("it starts");
    }

    fn set(&mut self, variable: &str, value: &str) {
        let known = self.environment.iter_mut();
        for (_, old) in known.filter(|(name, _)| *name == variable) {
            value.clone_into(old);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_lives_behind_a_proxy_and_through_its_outage() {
    let Some(mut behind) = behind_proxy().await else {
        return;
    };
    // A proxy reads plain HTTP itself; everything else is a tunnel to it.
    let cloudwatch = behind
        .harness
        .aws
        .url()
        .replace("127.0.0.1", "cloudwatch.valet.test");
    behind.set("AWS_ENDPOINT_URL_CLOUDWATCH", &cloudwatch);
    behind.run_agent();
    behind.harness.reaches(State::Ready).await;
    let harness = &behind.harness;
    let task = push(harness, Duration::from_millis(200));
    until_task(harness, &task, "it completes", TaskRun::is_completed).await;
    until(LIMIT, "heartbeats, reports and labels arrive", || {
        let labelled =
            |worker: &valet_test_kit::hatchet::WorkerView| worker.labels.contains_key("capacity");
        harness.valet_api.accepted() > 1
            && harness.aws.accepted_puts() > 1
            && harness.engine.workers().iter().any(labelled)
    })
    .await;

    // Tunnels are written down when they end.
    behind.proxy.stop().await.expect("it ran");
    let before = behind.harness.valet_api.accepted();
    behind.proxy.restart().await.expect("it starts");
    let harness = &behind.harness;
    until(LIMIT, "heartbeats arrive again", || {
        harness.valet_api.accepted() > before + 1
    })
    .await;
    assert_eq!(
        harness.status().await.map(|status| status.state),
        Some(State::Ready)
    );
    let proxied = behind.proxy.requests();
    let hosts: Vec<&str> = proxied
        .iter()
        .map(|request| request.host.as_str())
        .collect();
    assert!(
        hosts.iter().all(|host| host.ends_with(".valet.test")),
        "neither loopback nor the metadata service: {proxied:#?}"
    );
    let plain = |host: &str| {
        let mut requests = proxied.iter();
        requests.any(|request| request.host == host && request.method == "POST")
    };
    assert!(plain("cloudwatch.valet.test"), "{proxied:#?}");
    behind.harness.end().await;
    for name in ["stores", "hatchet", "engine", "api"] {
        let tunnel = ProxiedRequest {
            method: "CONNECT".to_owned(),
            host: format!("{name}.valet.test"),
            status: 200,
        };
        until(LIMIT, "its tunnel is written down", || {
            behind.proxy.requests().contains(&tunnel)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_proxy_refuses_is_named_with_the_proxy() {
    let Some(mut behind) = behind_proxy().await else {
        return;
    };
    // The SDK asks three times, with up to 3 s between, before it says why it was in vain.
    behind.harness.config.start.secrets_seconds = seconds(8.0);
    behind.harness.write_configuration().expect("written");
    behind.set("AWS_ENDPOINT_URL", &format!("https://{REFUSED}:8443"));
    behind.run_agent();
    behind.harness.reaches(State::Unhealthy).await;
    let status = behind.harness.status().await.expect("it answers");
    let expected = format!(
        "the proxy {} opens no connection to {REFUSED}",
        behind.proxy.url().trim_start_matches("http://")
    );
    assert!(status.cause.contains(&expected), "{}", status.cause);
    behind.harness.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_listed_goes_past_the_proxy() {
    let Some(mut behind) = behind_proxy().await else {
        return;
    };
    behind.proxy.stop().await.expect("it ran");
    // Nobody but the proxy resolves the names: back to addresses, which are loopback.
    for (variable, name) in NAMES {
        let host = format!("{name}.valet.test");
        let known = behind
            .environment
            .iter()
            .find(|(known, _)| *known == variable);
        let address = known.expect("it is set").1.replace(&host, "localhost");
        behind.set(variable, &address);
    }
    behind.run_agent();
    behind.harness.reaches(State::Ready).await;
    behind.harness.end().await;
}

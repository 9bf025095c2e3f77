//! The fakes, tried with clients that somebody else wrote.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use tempfile::TempDir;
use tokio::process::Command;
use valet_test_kit::adspower::AdsPower;
use valet_test_kit::aws::{self, Aws};
use valet_test_kit::imds::{Fault, Imds, Instance, SpotAction};
use valet_test_kit::moto::Moto;
use valet_test_kit::server::Server;
use valet_test_kit::systemd::{Behind, Program, Systemd};
use valet_test_kit::wait::until;
use valet_test_kit::x_server::{self, XServer};
use valet_test_kit::{boto3, http};

const SOON: Duration = Duration::from_secs(10);

/// Runs a Python program with boto3, beside the servers of this test.
async fn python(program: &'static str, environment: Vec<(&'static str, String)>) -> String {
    let running = tokio::task::spawn_blocking(move || {
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        boto3::run(program, &environment)
    });
    let printed = running.await.expect("it does not panic");
    printed.expect("the program succeeds").trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn botocore_gets_the_role_and_its_credentials_from_the_metadata_service() {
    let imds = Imds::start(Instance::default()).await.expect("it starts");
    let printed = python(
        "import boto3; print(boto3.Session().get_credentials().access_key)",
        vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.url())],
    )
    .await;
    assert_eq!(printed, "ASIAIOSFODNN7EXAMPLE");
    assert_eq!(imds.count("/latest/api/token", 200), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_service_wants_a_token_and_says_404_while_nothing_is_announced() {
    let imds = Imds::start(Instance::default()).await.expect("it starts");
    let spot = "/latest/meta-data/spot/instance-action";
    let get = async |token: &str| {
        let headers = [("x-aws-ec2-metadata-token", token)];
        http::send(Method::GET, &imds.url(), spot, &headers, String::new())
            .await
            .expect("it answers")
    };
    let token = async |life: &str| {
        let headers = [("x-aws-ec2-metadata-token-ttl-seconds", life)];
        let path = "/latest/api/token";
        http::send(Method::PUT, &imds.url(), path, &headers, String::new())
            .await
            .expect("it answers")
    };
    assert_eq!(get("guessed").await.status, 401);
    assert_eq!(token("21601").await.status, 400);
    let given = token("21600").await.body;
    assert_eq!(get(&given).await.status, 404);

    imds.announce_spot(SpotAction::Terminate, Duration::from_mins(2));
    let notice: serde_json::Value =
        serde_json::from_str(&get(&given).await.body).expect("it is JSON");
    assert_eq!(notice["action"], "terminate");
    assert!(
        notice["time"]
            .as_str()
            .is_some_and(|time| time.ends_with('Z'))
    );
    imds.cancel_spot();
    assert_eq!(get(&given).await.status, 404);

    imds.set_fault(Some(Fault::Status(500)));
    assert_eq!(get(&given).await.status, 500);
    imds.set_fault(None);
    imds.forget_tokens();
    assert_eq!(get(&given).await.status, 401);
    let long = token("60").await.body;
    imds.limit_token_life(Duration::from_millis(20));
    let short = token("60").await.body;
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(get(&short).await.status, 401);
    assert_eq!(get(&long).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_calls_auto_scaling_and_sees_its_errors() {
    let aws = Aws::start().await.expect("it starts");
    let keys = || {
        vec![
            ("AWS_ENDPOINT_URL_AUTO_SCALING", aws.url()),
            ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
        ]
    };
    python(
        "import boto3
group = boto3.client('autoscaling')
group.set_instance_health(InstanceId='i-1', HealthStatus='Unhealthy', ShouldRespectGracePeriod=False)
hook = dict(LifecycleHookName='drain', AutoScalingGroupName='g', InstanceId='i-1')
group.record_lifecycle_action_heartbeat(**hook)
group.complete_lifecycle_action(**hook, LifecycleActionResult='CONTINUE')",
        keys(),
    )
    .await;
    let actions: Vec<String> = aws.calls().into_iter().map(|call| call.action).collect();
    assert_eq!(
        actions,
        [
            "SetInstanceHealth",
            "RecordLifecycleActionHeartbeat",
            "CompleteLifecycleAction"
        ]
    );
    assert_eq!(aws.calls()[0].parameters["HealthStatus"], "Unhealthy");

    aws.set_auto_scaling(aws::Fault::Denied);
    let printed = python(
        "import boto3, botocore
try:
    boto3.client('autoscaling').set_instance_health(InstanceId='i-1', HealthStatus='Unhealthy')
except botocore.exceptions.ClientError as error:
    print(error.response['Error']['Code'])",
        keys(),
    )
    .await;
    assert_eq!(printed, "AccessDenied");
}

#[tokio::test(flavor = "multi_thread")]
async fn moto_keeps_what_is_put() {
    let moto = tokio::task::spawn_blocking(Moto::start)
        .await
        .expect("it does not panic")
        .expect("moto starts");
    moto.put_parameter("/kit/ONE", "two\nlines")
        .await
        .expect("it is put");
    moto.put_parameter("/kit/ONE", "again")
        .await
        .expect("it is put over");
    moto.create_secret("kit/two", "value")
        .await
        .expect("it is made");
    moto.put_secret("kit/two", "newer")
        .await
        .expect("it has a new version");
    let printed = python(
        "import boto3
parameter = boto3.client('ssm').get_parameter(Name='/kit/ONE', WithDecryption=True)['Parameter']
secret = boto3.client('secretsmanager').get_secret_value(SecretId='kit/two')
print(parameter['Value'], parameter['Version'], secret['SecretString'])",
        vec![
            ("AWS_ENDPOINT_URL", moto.url().to_owned()),
            ("AWS_ACCESS_KEY_ID", "testing".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "testing".to_owned()),
        ],
    )
    .await;
    assert_eq!(printed, "again 2 newer");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_x_client_shakes_hands() {
    let folder = TempDir::new().expect("a folder");
    let server = XServer::start(&folder.path().join("X7")).expect("it starts");
    let connected = connect_to_x(server.socket()).await;
    assert_eq!(connected, Ok(11));
    assert_eq!(server.handshakes(), 1);
    server.set_fault(x_server::Fault::Refusing);
    let refused = connect_to_x(server.socket()).await;
    assert!(refused.is_err_and(|why| why.contains("no, no more!")));
    server.stop();
    assert!(connect_to_x(server.socket()).await.is_err());
    server.restart().expect("it starts again");
    server.set_fault(x_server::Fault::None);
    assert_eq!(connect_to_x(server.socket()).await, Ok(11));
}

/// The protocol's version by x11rb, which parses the whole handshake.
async fn connect_to_x(socket: &Path) -> Result<u16, String> {
    use x11rb::connection::Connection as _;
    use x11rb::rust_connection::{DefaultStream, RustConnection};
    let socket = socket.to_owned();
    let connecting = tokio::task::spawn_blocking(move || {
        let stream = std::os::unix::net::UnixStream::connect(socket).map_err(|e| e.to_string())?;
        let (stream, _) = DefaultStream::from_unix_stream(stream).map_err(|e| e.to_string())?;
        let connection = RustConnection::connect_to_stream(stream, 0).map_err(|e| e.to_string())?;
        Ok(connection.setup().protocol_major_version)
    });
    connecting.await.expect("it does not panic")
}

async fn busctl(systemd: &Systemd, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("busctl")
        .arg(format!("--address={}", systemd.address()))
        .args(arguments)
        .output()
        .await
        .map_err(|error| format!("busctl: {error}"))?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(output.stdout))
    } else {
        Err(text(output.stderr))
    }
}

const ROOT: &str = "/org/freedesktop/systemd1";
const NAME: &str = "org.freedesktop.systemd1";
const MANAGER: &str = "org.freedesktop.systemd1.Manager";

async fn call(systemd: &Systemd, method: &str, unit: &str) -> Result<String, String> {
    let mode: &[&str] = if method == "GetUnit" {
        &[]
    } else {
        &["replace"]
    };
    let signature = if mode.is_empty() { "s" } else { "ss" };
    let head = ["call", NAME, ROOT, MANAGER, method, signature, unit];
    busctl(systemd, &[&head[..], mode].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn busctl_starts_stops_and_watches_units() {
    let folder = TempDir::new().expect("a folder");
    let systemd = Systemd::start(folder.path()).await.expect("it starts");
    let program = Program {
        command: ["sleep", "600"].map(str::to_owned).into(),
        environment: [].into(),
        environment_file: None,
        log: folder.path().join("log"),
        stop_limit: SOON,
    };
    let unit = "valet-sleep.service";
    systemd
        .add(unit, Behind::Program(program))
        .await
        .expect("it is added");

    let path = call(&systemd, "GetUnit", unit).await.expect("it is known");
    assert_eq!(path, format!("o \"{ROOT}/unit/valet_2dsleep_2eservice\""));
    let refused = call(&systemd, "GetUnit", "other.service").await;
    assert!(refused.is_err_and(|why| why.contains("not found")));

    call(&systemd, "StartUnit", unit).await.expect("it starts");
    until(SOON, "it runs", || {
        systemd.active_state(unit) == Some("active")
    })
    .await;
    let first = systemd.main_pid(unit).expect("it has a process");
    let unit_path = format!("{ROOT}/unit/valet_2dsleep_2eservice");
    let service = "org.freedesktop.systemd1.Service";
    let pid = busctl(
        &systemd,
        &["get-property", NAME, &unit_path, service, "MainPID"],
    )
    .await;
    assert_eq!(pid, Ok(format!("u {first}")));

    call(&systemd, "RestartUnit", unit)
        .await
        .expect("it restarts");
    until(SOON, "another process", || {
        systemd.main_pid(unit).is_some_and(|pid| pid != first)
    })
    .await;
    systemd.kill(unit).await;
    assert_eq!(systemd.active_state(unit), Some("failed"));
    call(&systemd, "StartUnit", unit)
        .await
        .expect("it starts again");
    until(SOON, "it runs", || {
        systemd.active_state(unit) == Some("active")
    })
    .await;
    call(&systemd, "StopUnit", unit).await.expect("it stops");
    until(SOON, "it is gone", || {
        systemd.active_state(unit) == Some("inactive")
    })
    .await;
    assert_eq!(systemd.starts(unit), 3);
    let kinds: Vec<&str> = systemd.jobs().iter().map(|job| job.kind).collect();
    assert_eq!(kinds, ["start", "restart", "start", "stop"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_may_be_a_fake() {
    let folder = TempDir::new().expect("a folder");
    let systemd = Systemd::start(folder.path()).await.expect("it starts");
    let adspower = AdsPower::start().await.expect("it starts");
    let unit = "valet-adspower.service";
    let behind = Behind::Server(Arc::clone(adspower.server()));
    systemd.add(unit, behind).await.expect("it is added");
    systemd.start_unit(unit).await.expect("it starts");
    let status = async || {
        let url = adspower.server().url();
        http::send(Method::GET, &url, "/status", &[], String::new()).await
    };
    assert_eq!(status().await.map(|answer| answer.status), Ok(200));
    systemd.kill(unit).await;
    assert!(status().await.is_err());
    systemd.refuse_starts(unit, true);
    call(&systemd, "StartUnit", unit)
        .await
        .expect("the job begins");
    until(SOON, "the start fails", || systemd.starts(unit) == 2).await;
    assert!(status().await.is_err());
    systemd.refuse_starts(unit, false);
    call(&systemd, "StartUnit", unit)
        .await
        .expect("the job begins");
    until(SOON, "it runs", || {
        systemd.active_state(unit) == Some("active")
    })
    .await;
    assert_eq!(status().await.map(|answer| answer.status), Ok(200));
}

/// What waits in the kernel for a server that is over would be cut off, and its client could not know whether it was served.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_stopped_takes_no_connection() {
    let server = Server::start(Router::new()).await.expect("a port");
    for round in 0..100 {
        server.stop();
        let connected = std::net::TcpStream::connect(server.address());
        let refused = connected.map_err(|error| error.kind());
        assert_eq!(
            refused.err(),
            Some(std::io::ErrorKind::ConnectionRefused),
            "round {round}"
        );
        server.restart().await.expect("the port is free");
    }
}

/// As `a_server_that_was_stopped_takes_no_connection`.
#[tokio::test(flavor = "multi_thread")]
async fn an_x_server_that_was_stopped_takes_no_connection() {
    let folder = TempDir::new().expect("a folder");
    let server = XServer::start(&folder.path().join("X7")).expect("it starts");
    for round in 0..100 {
        server.stop();
        let connected = std::os::unix::net::UnixStream::connect(server.socket());
        let refused = connected.map_err(|error| error.kind());
        assert_eq!(
            refused.err(),
            Some(std::io::ErrorKind::ConnectionRefused),
            "round {round}"
        );
        server.restart().expect("the socket is made");
    }
}

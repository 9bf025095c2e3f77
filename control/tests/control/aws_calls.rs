//! The client of AWS against moto, and against botocore's own signatures.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::routing::{any, get};
use jiff::Timestamp;
use serde_json::{Value, json};
use valet_control::aws::{
    AwsError, CredentialCache, CredentialSource, Endpoints, MetricValue, Permit,
};
use valet_control::outbound::{BootTime, Outbound};
use valet_test_kit::boto3;
use valet_test_kit::server::Server;

use crate::mock_aws::{address, boto, client, make_group, members, query};
use crate::support::REGION;

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_instances_are_read_as_boto3_reads_them() {
    let Some(mock) = address().await else { return };
    let (name, ids) = make_group(&mock, 3).await;
    let aws = client(&mock);
    let names = [name.clone(), "no-such-group".to_owned()];
    let groups = aws.auto_scaling_groups(REGION, &names).await.expect("read");
    let [group] = &groups[..] else {
        panic!("one group exists: {groups:?}")
    };
    assert_eq!((group.min, group.max, group.desired), (0, 30, 3));
    assert_eq!(group.account, "123456789012");
    let mut found: Vec<&str> = group.instances.iter().map(|one| one.id.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ids);
    for instance in &group.instances {
        assert_eq!(instance.lifecycle, "InService");
        assert!(instance.is_healthy && !instance.is_protected);
        assert!(["us-east-1a", "us-east-1b"].contains(&instance.zone.as_str()));
    }
    let mut asked = ids.clone();
    asked.push("i-00000000000000000".to_owned());
    let mut instances = aws.instances(REGION, &asked).await.expect("read");
    instances.sort_by(|left, right| left.id.cmp(&right.id));
    let boto = boto(
        &mock,
        &name,
        "
reservations = ec2.describe_instances(Filters=[{'Name': 'tag:aws:autoscaling:groupName', 'Values': [NAME]}])['Reservations']
found = [i for r in reservations for i in r['Instances']]
print(json.dumps(sorted([i['InstanceId'], i['State']['Name'], i['Placement']['AvailabilityZone'], i['InstanceType'],
                         i['ImageId'], int(i['LaunchTime'].timestamp())] for i in found)))",
    )
    .await;
    let ours: Vec<Value> = instances
        .iter()
        .map(|one| {
            json!([
                one.id,
                one.state,
                one.zone,
                one.instance_type,
                one.image,
                one.launched_at.as_second()
            ])
        })
        .collect();
    assert_eq!(json!(ours), boto);
    let statuses = aws.instance_statuses(REGION, &ids).await.expect("read");
    assert_eq!(statuses.len(), 3);
    assert!(statuses.iter().all(|status| !status.is_impaired));
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_made_and_refusals_are_told_with_awss_words() {
    let Some(mock) = address().await else { return };
    let (name, ids) = make_group(&mock, 3).await;
    let aws = client(&mock);
    let permit = Permit::of_request();
    aws.set_desired_capacity(REGION, &name, 4, &permit)
        .await
        .expect("set");
    assert_eq!(members(&mock, &name).await.len(), 4);
    aws.set_instance_protection(REGION, &name, &ids[0], true, &permit)
        .await
        .expect("set");
    aws.terminate_instance(REGION, &ids[1], true, &permit)
        .await
        .expect("terminated");
    aws.terminate_instance(REGION, &ids[2], false, &permit)
        .await
        .expect("terminated");
    let groups = aws
        .auto_scaling_groups(REGION, std::slice::from_ref(&name))
        .await
        .expect("read");
    // The first was replaced, the second was not.
    assert_eq!(groups[0].desired, 3);
    let protected: Vec<&str> = groups[0]
        .instances
        .iter()
        .filter(|one| one.is_protected)
        .map(|one| one.id.as_str())
        .collect();
    assert_eq!(protected, [ids[0].as_str()]);
    let left = members(&mock, &name).await;
    assert!(!left.contains(&ids[1]) && !left.contains(&ids[2]));
    let topic = "arn:aws:sns:us-east-1:123456789012:no-such-topic";
    let error = aws
        .publish(REGION, topic, "subject", "message", &permit)
        .await
        .expect_err("there is none");
    assert_eq!(
        error.to_string(),
        "Publish: AWS answers NotFound: Endpoint does not exist"
    );
    assert!(!error.is_transient());
}

#[tokio::test(flavor = "multi_thread")]
async fn values_reach_cloudwatch_with_one_dimension() {
    let Some(mock) = address().await else { return };
    let value = |name, unit, value| MetricValue {
        name,
        unit,
        dimension: ("AutoScalingGroupName", "a&b".to_owned()),
        value,
        at: Timestamp::now(),
    };
    let values = [
        value("QueueDepth", "Count", 7.0),
        value("QueueOldestAge", "Seconds", 12.5),
    ];
    client(&mock)
        .put_metric_data(REGION, "Calls", &values, &Permit::of_request())
        .await
        .expect("taken");
    let stored = boto(
        &mock,
        "",
        "
now = datetime.datetime.now(datetime.timezone.utc)
metrics = cw.list_metrics(Namespace='Calls')['Metrics']
read = lambda m: cw.get_metric_statistics(Namespace='Calls', MetricName=m['MetricName'], Dimensions=m['Dimensions'],
    StartTime=now - datetime.timedelta(minutes=5), EndTime=now + datetime.timedelta(minutes=5), Period=60,
    Statistics=['Maximum'])['Datapoints'][0]
print(json.dumps(sorted([m['MetricName'], m['Dimensions'], read(m)['Maximum'], read(m)['Unit']] for m in metrics)))",
    )
    .await;
    let dimensions = json!([{ "Name": "AutoScalingGroupName", "Value": "a&b" }]);
    assert_eq!(
        stored,
        json!([
            ["QueueDepth", dimensions, 7.0, "Count"],
            ["QueueOldestAge", dimensions, 12.5, "Seconds"]
        ])
    );
}

type Heard = Arc<Mutex<Vec<(HeaderMap, String)>>>;

/// A server that keeps what it hears and answers nothing of use.
async fn recorder() -> (Server, Heard) {
    let heard = Heard::default();
    let hear = async |State(heard): State<Heard>, headers: HeaderMap, body: Bytes| {
        let body = String::from_utf8_lossy(&body).into_owned();
        heard.lock().expect("no panic").push((headers, body));
        "<SetDesiredCapacityResponse/>"
    };
    let router = Router::new()
        .route("/", any(hear))
        .with_state(heard.clone());
    (Server::start(router).await.expect("a port"), heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn botocore_signs_the_same_request_alike() {
    let (server, heard) = recorder().await;
    client(&server.url())
        .set_desired_capacity(REGION, "a group", 4, &Permit::of_request())
        .await
        .expect("answered");
    let (headers, body) = heard.lock().expect("no panic").remove(0);
    let of = |name: &str| headers[name].to_str().expect("text").to_owned();
    let program = format!(
        "
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
request = AWSRequest('POST', {:?}, data={body:?}, headers={{'Host': {:?}, 'Content-Type': {:?}, 'X-Amz-Date': {:?}}})
request.context['timestamp'] = {:?}
auth = SigV4Auth(Credentials('testing', 'testing'), 'autoscaling', {REGION:?})
print(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))",
        format!("{}/", server.url()),
        of("host"),
        of("content-type"),
        of("x-amz-date"),
        of("x-amz-date"),
    );
    let signature = tokio::task::spawn_blocking(move || boto3::run(&program, &[])).await;
    let signature = match signature.expect("no panic") {
        Ok(signature) => signature,
        Err(reason) => return test_support::skip(&reason),
    };
    let sent = of("authorization");
    assert!(
        sent.ends_with(&format!("Signature={}", signature.trim())),
        "{sent}\n{signature}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_permit_does_not_allow_is_not_sent() {
    let (server, heard) = recorder().await;
    let aws = client(&server.url());
    // It would end within the call.
    let short = Permit::until(BootTime::now() + Duration::from_secs(5));
    let error = aws
        .terminate_instance(REGION, "i-1", true, &short)
        .await
        .expect_err("it is not sent");
    let action = "TerminateInstanceInAutoScalingGroup";
    assert_eq!(error, AwsError::Fenced { action });
    assert!(heard.lock().expect("no panic").is_empty());
    drop(server);
    let error = aws
        .terminate_instance(REGION, "i-1", true, &Permit::of_request())
        .await
        .expect_err("nobody answers");
    assert!(matches!(error, AwsError::NotSent { .. }), "{error}");
}

async fn fetch(variables: &[(&str, &str)]) -> Result<aws_credential_types::Credentials, String> {
    let variable = |name: &str| {
        let found = variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let source = CredentialSource::from_environment(variable, REGION);
    CredentialCache::new(source)
        .get(&Outbound::default(), &Endpoints::new(variable, None))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_a_web_identity() {
    let Some(mock) = address().await else { return };
    // moto loads a service when it is asked for it first, for as long as that takes; we wait for 5 s.
    query(&mock, "sts", "GetCallerIdentity", &[]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "a-token\n").expect("written");
    let credentials = fetch(&[
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().expect("text")),
        ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/control"),
        ("AWS_ENDPOINT_URL", &mock),
    ])
    .await
    .expect("given");
    assert!(credentials.access_key_id().starts_with("ASIA"));
    assert!(credentials.session_token().is_some() && credentials.expiry().is_some());
}

/// As ECS and EKS answer (docs: SDKs and Tools Reference Guide, "Container credential provider").
#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_a_container() {
    let give = async |uri: Uri, headers: HeaderMap| {
        let is_right = headers
            .get("authorization")
            .is_some_and(|token| token == "a-token");
        if !is_right || uri != "/v1/credentials?id=7" {
            return Err(axum::http::StatusCode::UNAUTHORIZED);
        }
        Ok(axum::Json(json!({
            "AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "hidden", "Token": "hidden",
            "Expiration": (Timestamp::now() + jiff::SignedDuration::from_hours(1)).to_string(),
        })))
    };
    let server = Server::start(Router::new().route("/v1/credentials", get(give)))
        .await
        .expect("a port");
    let url = format!("{}/v1/credentials?id=7", server.url());
    let with = async |token: &str| {
        fetch(&[
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", token),
        ])
        .await
    };
    let credentials = with("a-token").await.expect("given");
    assert_eq!(credentials.access_key_id(), "ASIACONTAINER");
    let error = with("another").await.expect_err("refused");
    assert_eq!(error, "container credentials: it answers 401 Unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_from_the_instances_role() {
    let imds = valet_test_kit::imds::Imds::start(valet_test_kit::imds::Instance::default())
        .await
        .expect("a port");
    let credentials = fetch(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds.url())])
        .await
        .expect("given");
    assert!(credentials.session_token().is_some() && credentials.expiry().is_some());
}

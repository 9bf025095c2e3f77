//! The proof that an image starts: one instance of it, on which verify.sh runs by Session Manager.
//!
//! EC2 Image Builder has a test phase for this; with Packer it is done here, with the same bundle, the same place for it
//! and the same command.

use std::time::{Duration, Instant};

use aws_sdk_ec2::types as ec2;
use aws_sdk_ssm::types::{CommandInvocationStatus, InstanceInformationStringFilter, PingStatus};
use serde_json::json;

use super::bake::{PackerBake, bundle_key};
use super::leftovers::{Scope, instances};
use crate::bake_id::BakeId;
use crate::error::{AwsError, ErrorKind};
use crate::image_documents::BuildContext;
use crate::progress::ProgressEvent;
use crate::request::CheckCounts;
use crate::sdk::clients::AwsClients;
use crate::sdk::journal_writer::JournalWriter;
use crate::sdk::refusal::{code, plain, refusal};
use crate::tags;
use crate::verify_report::checks_problem;

/// How long an instance may take to register with Systems Manager, and how long the checks may take.
const TIMEOUT: Duration = Duration::from_mins(20);

/// The document that fetches a file from a bucket with the instance's own role, and runs a command beside it.
const DOCUMENT: &str = "AWS-RunRemoteScript";

/// What is verified.
#[derive(Clone, Copy)]
pub struct FirstHost<'h> {
    pub account: &'h AwsClients,
    pub packer: &'h PackerBake<'h>,
    pub id: &'h BakeId,
    pub context: &'h BuildContext,
    pub ami: &'h str,
}

/// Starts one instance of the image, and verifies it. The caller removes the instance, however this ends.
///
/// # Errors
/// When the instance does not start, does not register, or a check fails.
pub async fn verify(
    host: FirstHost<'_>,
    record: &mut JournalWriter,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<CheckCounts, AwsError> {
    tell(ProgressEvent::Begins("first host".to_owned()));
    let instance = start(host, record).await?;
    tell(ProgressEvent::Shows(format!("{instance} starts")));
    wait_until_registered(host, &instance).await?;
    tell(ProgressEvent::Shows(format!("{instance} runs verify.sh")));
    let output = run(host, record, &instance).await?;
    let (checks, failed) = results(&output).ok_or_else(|| {
        AwsError::new(
            ErrorKind::BuildFailed,
            &instance,
            format!(
                "verify.sh has not said how many checks passed: {}",
                plain(&output)
            ),
            "bake again; if it stays, start an instance of the image and run verify.sh on it",
        )
    })?;
    let failed: Vec<&str> = failed.iter().map(String::as_str).collect();
    if let Some(problem) = checks_problem(checks, &failed) {
        return Err(AwsError::new(
            ErrorKind::BuildFailed,
            format!("the first instance of {}", host.ami),
            problem,
            "mend what they name, and bake again; the image is removed",
        ));
    }
    let detail = format!("{instance}, {} checks passed", checks.passed);
    tell(ProgressEvent::Done {
        what: "first host".to_owned(),
        detail,
    });
    Ok(checks)
}

fn pause(host: FirstHost<'_>) -> Duration {
    Duration::from_secs(host.packer.request.poll_seconds.min(15))
}

async fn start(host: FirstHost<'_>, record: &mut JournalWriter) -> Result<String, AwsError> {
    let request = host.packer.request;
    // Those of earlier attempts have ended; a token of theirs would be answered with them.
    let earlier = instances(host.account, request.region, host.id).await?;
    let attempt = earlier.len() as u32 + 1;
    let tags = [
        ("Name", format!("{}-first-host", request.prefix)),
        ("Fleet", request.fleet.to_owned()),
        ("Environment", request.environment.to_owned()),
        (tags::BAKE_ID, host.id.to_string()),
    ];
    let tagged = |kind: ec2::ResourceType| {
        let tags = tags
            .iter()
            .map(|(key, value)| ec2::Tag::builder().key(*key).value(value).build());
        ec2::TagSpecification::builder()
            .resource_type(kind)
            .set_tags(Some(tags.collect()))
            .build()
    };
    record.intent("RunInstances", host.ami)?;
    let sent = host
        .account
        .ec2(request.region)
        .run_instances()
        .image_id(host.ami)
        .instance_type(ec2::InstanceType::from(host.packer.build_instance_type))
        .min_count(1)
        .max_count(1)
        .subnet_id(&host.context.subnet)
        .set_security_group_ids(Some(host.context.security_groups.clone()))
        .iam_instance_profile(
            ec2::IamInstanceProfileSpecification::builder()
                .name(&host.context.instance_profile)
                .build(),
        )
        .metadata_options(
            ec2::InstanceMetadataOptionsRequest::builder()
                .http_tokens(ec2::HttpTokensState::Required)
                .http_put_response_hop_limit(1)
                .build(),
        )
        .instance_initiated_shutdown_behavior(ec2::ShutdownBehavior::Terminate)
        .tag_specifications(tagged(ec2::ResourceType::Instance))
        .tag_specifications(tagged(ec2::ResourceType::Volume))
        .client_token(host.id.client_token("RunInstances", attempt))
        .send()
        .await
        .map_err(|error| refusal("ec2:RunInstances", &error))?;
    let instance = sent.instances().first().and_then(|it| it.instance_id());
    let instance = instance.unwrap_or_default().to_owned();
    record.outcome("RunInstances", host.ami, json!({ "instance": instance }))?;
    Ok(instance)
}

async fn wait_until_registered(host: FirstHost<'_>, instance: &str) -> Result<(), AwsError> {
    let began = Instant::now();
    let by_id = InstanceInformationStringFilter::builder()
        .key("InstanceIds")
        .values(instance)
        .build()
        .map_err(|error| {
            let help = "report it with your fleet.toml";
            AwsError::new(
                ErrorKind::Usage,
                "ssm",
                format!("internal error: {error}"),
                help,
            )
        })?;
    while began.elapsed() < TIMEOUT {
        let call = host.account.ssm().describe_instance_information();
        let answer = call.filters(by_id.clone()).send().await;
        let answer = answer.map_err(|error| refusal("ssm:DescribeInstanceInformation", &error))?;
        let mut listed = answer.instance_information_list().iter();
        if listed.any(|it| it.ping_status() == Some(&PingStatus::Online)) {
            return Ok(());
        }
        tokio::time::sleep(pause(host)).await;
    }
    Err(AwsError::new(
        ErrorKind::BuildFailed,
        format!("{instance}, the first instance of {}", host.ami),
        format!(
            "it has not registered with Systems Manager in {} minutes",
            TIMEOUT.as_secs() / 60
        ),
        "look at its console output with `aws ec2 get-console-output`; see that the image keeps the SSM agent, and that the build subnet reaches Systems Manager",
    ))
}

/// What verify.sh came to: the first line counts, and a line for each control that does not hold follows.
async fn run(
    host: FirstHost<'_>,
    record: &mut JournalWriter,
    instance: &str,
) -> Result<String, AwsError> {
    use CommandInvocationStatus as S;
    let request = host.packer.request;
    let suffix = match host.context.partition.as_str() {
        "aws-cn" => "amazonaws.com.cn",
        _ => "amazonaws.com",
    };
    let key = bundle_key(host.id, request.bundle_sha256);
    let path = format!(
        "https://s3.{}.{suffix}/{}/{key}",
        request.region, host.context.bucket
    );
    record.intent("SendCommand", instance)?;
    let sent = host
        .account
        .ssm()
        .send_command()
        .document_name(DOCUMENT)
        .instance_ids(instance)
        .comment(format!("verify.sh, bake {}", host.id))
        .timeout_seconds(600)
        .parameters("sourceType", vec!["S3".to_owned()])
        .parameters("sourceInfo", vec![json!({ "path": path }).to_string()])
        .parameters("commandLine", vec![command(request.bundle_sha256)])
        .parameters("executionTimeout", vec![TIMEOUT.as_secs().to_string()])
        .send()
        .await
        .map_err(|error| refusal("ssm:SendCommand", &error))?;
    let command = sent.command().and_then(|it| it.command_id());
    let command = command.unwrap_or_default().to_owned();
    record.outcome("SendCommand", instance, json!({ "command": command }))?;
    let began = Instant::now();
    while began.elapsed() < TIMEOUT {
        let call = host.account.ssm().get_command_invocation();
        let answer = match call.command_id(&command).instance_id(instance).send().await {
            Ok(answer) => answer,
            // It is known some seconds after it was sent.
            Err(error) if code(&error) == Some("InvocationDoesNotExist") => {
                tokio::time::sleep(pause(host)).await;
                continue;
            }
            Err(error) => return Err(refusal("ssm:GetCommandInvocation", &error)),
        };
        let output = answer.standard_output_content().unwrap_or_default();
        match answer.status() {
            // verify.sh ends with 1 where a control does not hold; its output says which.
            Some(S::Success | S::Failed) if results(output).is_some() => {
                return Ok(output.to_owned());
            }
            Some(S::Success | S::Failed | S::Cancelled | S::TimedOut) => {
                let errors = answer.standard_error_content().unwrap_or_default();
                let status = answer.status().map_or("", S::as_str);
                return Err(AwsError::new(
                    ErrorKind::BuildFailed,
                    format!("{instance}, the first instance of {}", host.ami),
                    format!(
                        "verify.sh did not run to its end: {status}: {}",
                        plain(errors)
                    ),
                    "bake again; if it stays, start an instance of the image and run verify.sh on it",
                ));
            }
            _ => tokio::time::sleep(pause(host)).await,
        }
    }
    Err(AwsError::new(
        ErrorKind::BuildFailed,
        format!("{instance}, the first instance of {}", host.ami),
        format!(
            "verify.sh has not ended after {} minutes",
            TIMEOUT.as_secs() / 60
        ),
        "bake again; if it stays, start an instance of the image and run verify.sh on it",
    ))
}

/// Run beside the bundle: unpacks it where the image was made from it, and counts what verify.sh says. One line, as the
/// document takes it.
fn command(bundle_sha256: &str) -> String {
    let file = format!("{bundle_sha256}.tar.zst");
    [
        format!("echo '{bundle_sha256}  {file}' | sha256sum --check --strict --quiet"),
        "install -d -m 0700 /opt/valet-bundle".to_owned(),
        format!("tar --extract --zstd --no-same-owner --file {file} --directory /opt/valet-bundle image cloudwatch"),
        "{ bash /opt/valet-bundle/image/verify.sh --phase first-boot --format json > /opt/valet-bundle/verify.json || true; }".to_owned(),
        r#"for result in passed failed skipped; do printf '%s=%s ' "$result" "$(grep -c "\"result\": \"$result\"" /opt/valet-bundle/verify.json)"; done; echo"#.to_owned(),
        r#"{ grep '"result": "failed"' /opt/valet-bundle/verify.json | sed 's/.*"control": "\([^"]*\)".*/\1/' || true; }"#.to_owned(),
    ]
    .join(" && ")
}

fn results(output: &str) -> Option<(CheckCounts, Vec<String>)> {
    let mut lines = output.lines().map(str::trim);
    let counts = lines.find(|line| line.starts_with("passed="))?;
    let count = |name: &str| {
        let field = counts.split(' ').find_map(|it| it.strip_prefix(name))?;
        field.parse::<u32>().ok()
    };
    let checks = CheckCounts {
        passed: count("passed=")?,
        failed: count("failed=")?,
        skipped: count("skipped=")?,
    };
    let failed = lines.filter(|line| !line.is_empty()).map(plain);
    Some((checks, failed.collect()))
}

impl<'h> FirstHost<'h> {
    /// Where its instance is found again.
    pub fn scope(&self) -> Scope<'h> {
        let request = self.packer.request;
        Scope {
            account: self.account,
            region: request.region,
            regions: request.regions,
            id: self.id,
            pause: Duration::from_secs(request.poll_seconds.min(5)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The command itself, run by a shell on a report.
    #[test]
    fn the_command_says_what_the_report_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let bundle = folder.path().join("opt");
        std::fs::create_dir_all(bundle.join("image")).expect("made");
        std::fs::write(
            bundle.join("image/verify.sh"),
            "printf '%s\\n' '{\"checks\": [' \
             '    {\"control\": \"a.b\", \"title\": \"x\", \"result\": \"passed\"},' \
             '    {\"control\": \"image.logs-empty\", \"title\": \"x\", \"result\": \"failed\"}' ']}'; exit 1\n",
        )
        .expect("written");
        let command = command("0");
        let (_, rest) = command.split_once("{ bash").expect("it runs verify.sh");
        let rest =
            format!("{{ bash{rest}").replace("/opt/valet-bundle", &bundle.display().to_string());
        let output = std::process::Command::new("sh")
            .args(["-c", &rest])
            .output()
            .expect("sh runs");
        let text = String::from_utf8_lossy(&output.stdout);
        let (checks, failed) = results(&text).expect("results");
        assert_eq!(checks.to_tag(), "1/1/0");
        assert_eq!(failed, ["image.logs-empty"]);
        assert!(output.status.success());
    }

    #[test]
    fn an_output_of_something_else_is_no_result() {
        assert_eq!(results("sha256sum: WARNING"), None);
        assert_eq!(results("passed=x failed=0 skipped=0"), None);
    }
}

//! A build in AWS, watched until it ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use aws_sdk_imagebuilder::types::{ImageStatus, WorkflowStepExecutionStatus, WorkflowStepMetadata};

use super::build_log::BuildLog;
use super::clients::AwsClients;
use super::image_builder::amis;
use super::refusal::{plain, refusal};
use crate::error::{AwsError, ErrorKind};
use crate::progress::ProgressEvent;

/// A step that failed.
struct Failure {
    step: String,
    message: String,
}

/// Waits for a build, and tells each of its steps once.
///
/// # Errors
/// When it ends without an image, and says which step failed and why.
pub async fn wait(
    account: &AwsClients,
    arn: &str,
    poll: Duration,
    log_file: &Path,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<BTreeMap<String, String>, AwsError> {
    let client = account.image_builder();
    let mut log = BuildLog::new(arn, log_file);
    let mut told: BTreeMap<String, WorkflowStepExecutionStatus> = BTreeMap::new();
    loop {
        let answer = client.get_image().image_build_version_arn(arn).send().await;
        let answer = answer.map_err(|error| refusal("imagebuilder:GetImage", &error))?;
        let image = answer.image();
        let state = image.and_then(|image| image.state());
        let status = state
            .and_then(|state| state.status())
            .cloned()
            .unwrap_or(ImageStatus::Pending);
        tell(ProgressEvent::Shows(status.as_str().to_lowercase()));
        let failure = tell_steps(account, arn, &mut told, tell).await?;
        log.follow(account, tell).await;
        match status {
            ImageStatus::Available => {
                log.read_rest(account, tell).await;
                return Ok(amis(image.and_then(|image| image.output_resources())));
            }
            ImageStatus::Failed | ImageStatus::Cancelled | ImageStatus::Deleted => {
                let reason = state
                    .and_then(|state| state.reason())
                    .unwrap_or("without a reason");
                let error = failed(arn, &status, reason, failure.as_ref(), log.file());
                log.tell_end(account, tell).await;
                return Err(error);
            }
            _ => tokio::time::sleep(poll).await,
        }
    }
}

fn failed(
    arn: &str,
    status: &ImageStatus,
    reason: &str,
    failure: Option<&Failure>,
    log: &Path,
) -> AwsError {
    let build = arn.rsplit_once(":image/").map_or(arn, |(_, name)| name);
    let subject = match failure {
        Some(failure) => format!("{build}, step {}", failure.step),
        None => build.to_owned(),
    };
    let problem = match failure {
        Some(failure) if !failure.message.is_empty() => plain(&failure.message),
        _ => plain(&format!("{}: {reason}", status.as_str())),
    };
    let whole = [reason, &problem].concat();
    let help = if whole.contains("SSM Agent") || whole.contains("SSM agent") {
        "see that the build subnet reaches Systems Manager: its route or endpoints, and the policy of the bake role".to_owned()
    } else {
        format!(
            "read {}, the log of the build; the next `valet-gen bake` tries again",
            log.display()
        )
    };
    AwsError::new(ErrorKind::BuildFailed, subject, problem, help)
}

/// Tells what has ended since the last look, and which step failed.
async fn tell_steps(
    account: &AwsClients,
    arn: &str,
    told: &mut BTreeMap<String, WorkflowStepExecutionStatus>,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Result<Option<Failure>, AwsError> {
    let client = account.image_builder();
    let answer = client
        .list_workflow_executions()
        .image_build_version_arn(arn)
        .send()
        .await;
    let answer = answer.map_err(|error| refusal("imagebuilder:ListWorkflowExecutions", &error))?;
    let mut failure = None;
    for workflow in answer.workflow_executions() {
        let Some(execution) = workflow.workflow_execution_id() else {
            continue;
        };
        let kind = workflow
            .r#type()
            .map_or("workflow", |it| it.as_str())
            .to_lowercase();
        let ended = format!("workflow {execution}");
        // A workflow that was told to its end has nothing new: one call less at every look.
        if told.contains_key(&ended) {
            continue;
        }
        let steps = client
            .list_workflow_step_executions()
            .workflow_execution_id(execution)
            .send()
            .await;
        let steps =
            steps.map_err(|error| refusal("imagebuilder:ListWorkflowStepExecutions", &error))?;
        for step in steps.steps() {
            failure = tell_step(&kind, step, told, tell).or(failure);
        }
        if workflow.end_time().is_some_and(|end| !end.is_empty()) && failure.is_none() {
            told.insert(ended, WorkflowStepExecutionStatus::Completed);
        }
    }
    Ok(failure)
}

fn tell_step(
    workflow: &str,
    step: &WorkflowStepMetadata,
    told: &mut BTreeMap<String, WorkflowStepExecutionStatus>,
    tell: &mut (dyn FnMut(ProgressEvent) + Send),
) -> Option<Failure> {
    let id = step.step_execution_id()?;
    let status = step.status()?;
    let name = format!("{workflow}/{}", plain(step.name().unwrap_or("step")));
    if *status == WorkflowStepExecutionStatus::Failed {
        let message = step.message().unwrap_or_default().to_owned();
        return Some(Failure {
            step: name,
            message,
        });
    }
    if told.get(id) != Some(status) {
        told.insert(id.to_owned(), status.clone());
        match status {
            WorkflowStepExecutionStatus::Completed => {
                tell(ProgressEvent::Done {
                    what: name,
                    detail: String::new(),
                });
            }
            WorkflowStepExecutionStatus::Running => tell(ProgressEvent::Shows(name)),
            _ => {}
        }
    }
    None
}

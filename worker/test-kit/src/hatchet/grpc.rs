//! The dispatcher and the part of the admin service that a worker calls.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Instant;

use hatchet_proto::root as proto;
use hatchet_proto::root::dispatcher_server::Dispatcher;
use hatchet_proto::v1;
use hatchet_proto::v1::admin_service_server::AdminService;
use proto::StepActionEventType as EventType;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_stream::{Empty, Stream};
use tonic::{Request, Response, Status, async_trait};

use super::state::{AttemptOutcome, Label, State};
use super::{TENANT, token};
use crate::shared::Shared;

/// The release whose protocol this is. The SDK asks, to know what it may use.
const VERSION: &str = "v0.104.0";

type GrpcResult<T> = Result<Response<T>, Status>;
type Actions = Pin<Box<dyn Stream<Item = Result<proto::AssignedAction, Status>> + Send>>;

/// Both services over one state.
#[derive(Clone)]
pub struct Services {
    state: Shared<State>,
}

impl Services {
    pub fn new(state: Shared<State>) -> Self {
        Self { state }
    }

    /// The request's content, if its token is accepted.
    fn allowed<T>(&self, request: Request<T>) -> Result<T, Status> {
        let header = request.metadata().get("authorization");
        let token = header.and_then(|value| value.to_str().ok());
        let token = token.and_then(token::shown);
        if token.is_some_and(|token| self.state.with(|state| state.accepts(token))) {
            return Ok(request.into_inner());
        }
        Err(Status::unauthenticated("invalid auth token"))
    }
}

fn no_worker(id: &str) -> Status {
    Status::not_found(format!("worker {id} not found"))
}

fn unused<T>(what: &str) -> GrpcResult<T> {
    Err(Status::unimplemented(format!(
        "the test kit does not answer {what}"
    )))
}

fn labels(of: impl IntoIterator<Item = (String, proto::WorkerLabels)>) -> BTreeMap<String, Label> {
    let label = |label: proto::WorkerLabels| match (label.int_value, label.str_value) {
        (Some(number), _) => Label::Number(number),
        (None, text) => Label::Text(text.unwrap_or_default()),
    };
    of.into_iter()
        .map(|(key, value)| (key, label(value)))
        .collect()
}

fn accepted(worker_id: String) -> Response<proto::ActionEventResponse> {
    Response::new(proto::ActionEventResponse {
        tenant_id: TENANT.to_owned(),
        worker_id,
    })
}

#[async_trait]
impl Dispatcher for Services {
    type ListenStream = Actions;
    type ListenV2Stream = Actions;
    type SubscribeToWorkflowEventsStream = Empty<Result<proto::WorkflowEvent, Status>>;
    type SubscribeToWorkflowRunsStream = Empty<Result<proto::WorkflowRunEvent, Status>>;

    async fn register(
        &self,
        request: Request<proto::WorkerRegisterRequest>,
    ) -> GrpcResult<proto::WorkerRegisterResponse> {
        let asked = self.allowed(request)?;
        let slots = match (asked.slots, asked.slot_config.get("default")) {
            (Some(_), Some(_)) => {
                return Err(Status::invalid_argument(
                    "slots and slot_config exclude each other",
                ));
            }
            (Some(slots), None) => slots,
            (None, default) => default.copied().unwrap_or(100),
        };
        // The engine keeps actions in lower case, whatever was registered.
        let actions = asked.actions.iter().map(|action| action.to_lowercase());
        let (name, actions) = (asked.worker_name, actions.collect());
        let worker_id = self.state.with(|state| {
            state.register(
                name.clone(),
                actions,
                slots.max(0) as u32,
                labels(asked.labels),
            )
        });
        Ok(Response::new(proto::WorkerRegisterResponse {
            tenant_id: TENANT.to_owned(),
            worker_id,
            worker_name: name,
        }))
    }

    async fn listen(&self, request: Request<proto::WorkerListenRequest>) -> GrpcResult<Actions> {
        self.listen_v2(request).await
    }

    async fn listen_v2(&self, request: Request<proto::WorkerListenRequest>) -> GrpcResult<Actions> {
        let id = self.allowed(request)?.worker_id;
        let (stream, assigned) = mpsc::unbounded_channel();
        self.state.with(|state| {
            let worker = state.worker_mut(&id).ok_or_else(|| no_worker(&id))?;
            worker.view.streams += 1;
            worker.stream = Some(stream);
            Ok::<_, Status>(())
        })?;
        Ok(Response::new(Box::pin(UnboundedReceiverStream::new(
            assigned,
        ))))
    }

    async fn heartbeat(
        &self,
        request: Request<proto::HeartbeatRequest>,
    ) -> GrpcResult<proto::HeartbeatResponse> {
        let id = self.allowed(request)?.worker_id;
        self.state.with(|state| {
            let worker = state.worker_mut(&id).ok_or_else(|| no_worker(&id))?;
            worker.view.last_heartbeat = Some(Instant::now());
            worker.view.heartbeats += 1;
            Ok(Response::new(proto::HeartbeatResponse {}))
        })
    }

    async fn subscribe_to_workflow_events(
        &self,
        _: Request<proto::SubscribeToWorkflowEventsRequest>,
    ) -> GrpcResult<Self::SubscribeToWorkflowEventsStream> {
        unused("SubscribeToWorkflowEvents")
    }

    async fn subscribe_to_workflow_runs(
        &self,
        _: Request<tonic::Streaming<proto::SubscribeToWorkflowRunsRequest>>,
    ) -> GrpcResult<Self::SubscribeToWorkflowRunsStream> {
        unused("SubscribeToWorkflowRuns")
    }

    async fn send_step_action_event(
        &self,
        request: Request<proto::StepActionEvent>,
    ) -> GrpcResult<proto::ActionEventResponse> {
        let event = self.allowed(request)?;
        let (task, retry) = (
            event.task_run_external_id.as_str(),
            event.retry_count.unwrap_or(0).max(0) as u32,
        );
        let for_good = event.should_not_retry.unwrap_or(false);
        let payload = event.event_payload.clone();
        let outcome = match event.event_type() {
            EventType::StepEventTypeCompleted => Some(AttemptOutcome::Completed(payload)),
            EventType::StepEventTypeFailed if for_good => {
                Some(AttemptOutcome::FailedForGood(payload))
            }
            EventType::StepEventTypeFailed | EventType::StepEventTypeCancelled => {
                Some(AttemptOutcome::Failed(payload))
            }
            EventType::StepEventTypeStarted
            | EventType::StepEventTypeAcknowledged
            | EventType::StepEventTypeUnknown => None,
        };
        self.state.with(|state| match outcome {
            Some(outcome) => state.ended(task, retry, outcome),
            None => state.started(task, retry),
        });
        Ok(accepted(event.worker_id))
    }

    async fn send_batch_action_event(
        &self,
        _: Request<proto::BatchActionEvent>,
    ) -> GrpcResult<proto::ActionEventResponse> {
        unused("SendBatchActionEvent")
    }

    async fn send_group_key_action_event(
        &self,
        _: Request<proto::GroupKeyActionEvent>,
    ) -> GrpcResult<proto::ActionEventResponse> {
        unused("SendGroupKeyActionEvent")
    }

    async fn put_overrides_data(
        &self,
        _: Request<proto::OverridesData>,
    ) -> GrpcResult<proto::OverridesDataResponse> {
        unused("PutOverridesData")
    }

    async fn unsubscribe(
        &self,
        request: Request<proto::WorkerUnsubscribeRequest>,
    ) -> GrpcResult<proto::WorkerUnsubscribeResponse> {
        let id = self.allowed(request)?.worker_id;
        self.state.with(|state| {
            let worker = state.worker_mut(&id).ok_or_else(|| no_worker(&id))?;
            worker.view.unsubscribed.get_or_insert_with(Instant::now);
            worker.stream = None;
            Ok(Response::new(proto::WorkerUnsubscribeResponse {
                tenant_id: TENANT.to_owned(),
                worker_id: id.clone(),
            }))
        })
    }

    async fn refresh_timeout(
        &self,
        _: Request<proto::RefreshTimeoutRequest>,
    ) -> GrpcResult<proto::RefreshTimeoutResponse> {
        unused("RefreshTimeout")
    }

    async fn release_slot(
        &self,
        _: Request<proto::ReleaseSlotRequest>,
    ) -> GrpcResult<proto::ReleaseSlotResponse> {
        unused("ReleaseSlot")
    }

    async fn restore_evicted_task(
        &self,
        _: Request<proto::RestoreEvictedTaskRequest>,
    ) -> GrpcResult<proto::RestoreEvictedTaskResponse> {
        unused("RestoreEvictedTask")
    }

    async fn upsert_worker_labels(
        &self,
        request: Request<proto::UpsertWorkerLabelsRequest>,
    ) -> GrpcResult<proto::UpsertWorkerLabelsResponse> {
        let asked = self.allowed(request)?;
        let (id, labels) = (asked.worker_id, labels(asked.labels));
        self.state.with(|state| {
            let worker = state.worker_mut(&id).ok_or_else(|| no_worker(&id))?;
            worker.view.labels.extend(labels.clone());
            worker.view.upserts.push((Instant::now(), labels));
            Ok(Response::new(proto::UpsertWorkerLabelsResponse {
                tenant_id: TENANT.to_owned(),
                worker_id: id.clone(),
            }))
        })
    }

    async fn get_version(
        &self,
        request: Request<proto::GetVersionRequest>,
    ) -> GrpcResult<proto::GetVersionResponse> {
        self.allowed(request)?;
        Ok(Response::new(proto::GetVersionResponse {
            version: VERSION.to_owned(),
        }))
    }
}

#[async_trait]
impl AdminService for Services {
    async fn put_workflow(
        &self,
        request: Request<v1::CreateWorkflowVersionRequest>,
    ) -> GrpcResult<v1::CreateWorkflowVersionResponse> {
        self.allowed(request)?;
        let (id, workflow_id) = self.state.with(|state| (state.new_id(), state.new_id()));
        Ok(Response::new(v1::CreateWorkflowVersionResponse {
            id,
            workflow_id,
        }))
    }

    async fn cancel_tasks(
        &self,
        _: Request<v1::CancelTasksRequest>,
    ) -> GrpcResult<v1::CancelTasksResponse> {
        unused("CancelTasks")
    }

    async fn replay_tasks(
        &self,
        _: Request<v1::ReplayTasksRequest>,
    ) -> GrpcResult<v1::ReplayTasksResponse> {
        unused("ReplayTasks")
    }

    async fn trigger_workflow_run(
        &self,
        _: Request<v1::TriggerWorkflowRunRequest>,
    ) -> GrpcResult<v1::TriggerWorkflowRunResponse> {
        unused("TriggerWorkflowRun")
    }

    async fn get_run_details(
        &self,
        _: Request<v1::GetRunDetailsRequest>,
    ) -> GrpcResult<v1::GetRunDetailsResponse> {
        unused("GetRunDetails")
    }

    async fn branch_durable_task(
        &self,
        _: Request<v1::BranchDurableTaskRequest>,
    ) -> GrpcResult<v1::BranchDurableTaskResponse> {
        unused("BranchDurableTask")
    }
}

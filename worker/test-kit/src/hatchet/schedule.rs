//! Who gets what, round by round.

use std::time::{Duration, Instant};

use hatchet_proto::root::{ActionType, AssignedAction};
use serde_json::json;

use super::TENANT;
use super::state::{Attempt, AttemptOutcome, State, TaskRun, Worker};
use crate::shared::Shared;

/// Schedules until its task is aborted.
pub async fn rounds(state: Shared<State>, pause: Duration) {
    loop {
        state.with(|state| {
            finish_elsewhere(state);
            reassign(state);
            assign(state);
        });
        tokio::time::sleep(pause).await;
    }
}

/// Hosts of the engine's own complete what they have had for long enough.
fn finish_elsewhere(state: &mut State) {
    let mut over = Vec::new();
    for task in &state.tasks {
        let Some(last) = task.attempts.last().filter(|_| task.is_running()) else {
            continue;
        };
        let host = state
            .workers
            .iter()
            .find(|worker| worker.view.id == last.worker);
        let takes = host.and_then(|worker| worker.takes);
        if takes.is_some_and(|takes| last.assigned.elapsed() >= takes) {
            over.push((task.id.clone(), last.retry));
        }
    }
    for (task, retry) in over {
        state.ended(
            &task,
            retry,
            AttemptOutcome::Completed("elsewhere".to_owned()),
        );
    }
}

/// What a silent worker has is given up, and waits for another.
fn reassign(state: &mut State) {
    let silent: Vec<String> = state
        .workers
        .iter()
        .filter(|worker| worker.takes.is_none() && silence(worker) > state.pace.reassign_after)
        .map(|worker| worker.view.id.clone())
        .collect();
    for task in &mut state.tasks {
        if let Some(last) = task.attempts.last_mut()
            && last.ended.is_none()
            && silent.contains(&last.worker)
        {
            last.ended = Some((Instant::now(), AttemptOutcome::Reassigned));
        }
    }
}

fn silence(worker: &Worker) -> Duration {
    let view = &worker.view;
    view.last_heartbeat.unwrap_or(view.registered).elapsed()
}

fn assign(state: &mut State) {
    for index in 0..state.tasks.len() {
        if !state.tasks[index].is_queued() {
            continue;
        }
        let Some(at) = choose(state, &state.tasks[index]) else {
            continue;
        };
        let retry = state.tasks[index].attempts.len() as u32;
        if hand_over(&mut state.workers[at], &state.tasks[index], retry) {
            state.tasks[index].attempts.push(Attempt {
                worker: state.workers[at].view.id.clone(),
                retry,
                assigned: Instant::now(),
                started: None,
                ended: None,
                late: Vec::new(),
            });
        }
    }
}

/// The worker that gets the task.
fn choose(state: &State, task: &TaskRun) -> Option<usize> {
    let mut able = (0..state.workers.len()).filter(|at| can_take(state, &state.workers[*at], task));
    if state.pace.spreads {
        able.min_by_key(|at| state.running_on(&state.workers[*at].view.id))
    } else {
        able.next()
    }
}

fn can_take(state: &State, worker: &Worker, task: &TaskRun) -> bool {
    let view = &worker.view;
    // The scheduler hears of a pause only after a while.
    let is_paused = view
        .paused
        .is_some_and(|since| since.elapsed() >= state.pace.pause_takes);
    let is_resumed = view
        .resumed
        .is_none_or(|since| since.elapsed() >= state.pace.resume_takes);
    !is_paused
        && is_resumed
        && view.actions.contains(&task.action)
        && state.is_alive(worker)
        && state.running_on(&view.id) < view.slots as usize
}

/// Whether the worker was told. Its stream may have ended without anybody noticing.
fn hand_over(worker: &mut Worker, task: &TaskRun, retry: u32) -> bool {
    if worker.takes.is_some() {
        return true;
    }
    let Some(stream) = &worker.stream else {
        return false;
    };
    let is_told = stream.send(Ok(action(task, retry))).is_ok();
    if !is_told {
        worker.stream = None;
    }
    is_told
}

fn action(task: &TaskRun, retry: u32) -> AssignedAction {
    let (job, name) = task.action.split_once(':').unwrap_or(("", &task.action));
    let payload = json!({
        "input": task.input,
        "parents": {},
        "overrides": {},
        "user_data": {},
        "triggered_by": "manual",
    });
    AssignedAction {
        tenant_id: TENANT.to_owned(),
        workflow_run_id: task.id.clone(),
        job_id: task.id.clone(),
        job_name: job.to_owned(),
        job_run_id: task.id.clone(),
        task_id: task.id.clone(),
        task_run_external_id: task.id.clone(),
        action_id: task.action.clone(),
        action_type: ActionType::StartStepRun.into(),
        action_payload: payload.to_string(),
        task_name: name.to_owned(),
        retry_count: retry as i32,
        ..AssignedAction::default()
    }
}

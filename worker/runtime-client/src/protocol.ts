// What goes over the socket. The agent's side of it is worker/protocol/src/local_api.rs.

/** What the agent is up to. Tasks may begin while it is `ready`, and at no other time. */
export type HostState = "starting" | "ready" | "draining" | "unhealthy" | "stopped";

/** Why the agent did not do what it was asked. */
export type RefusalReason =
  | "draining"
  | "unhealthy"
  | "starting"
  | "reassigned"
  | "no_slots"
  | "not_registered"
  | "not_resumable"
  | "malformed"
  | "forbidden"
  | "not_found"
  | "method_not_allowed"
  | "too_large"
  | "busy";

/** Who the runtime is, once Hatchet has given it a worker id. */
export interface Registration {
  /** Hatchet's id of this worker. */
  workerId: string;
  /** How many tasks it runs at a time. */
  slots: number;
  /** The runtime's process; this one when left out. */
  pid?: number;
}

/** The host's state, told at once and at every change. */
export interface HostEvent {
  state: HostState;
  /** Why it is so. */
  cause: string;
  /** While draining: when running tasks are aborted, if there is such a time (RFC 3339). */
  deadline?: string;
  /** The deadline is there: running tasks end now, so that Hatchet runs them elsewhere. */
  abort: boolean;
  /** Leases that were revoked: their tasks may run on other hosts by now, and end here. */
  revoked?: string[];
}

/** The body of every answer that is no success. */
export interface Refusal {
  reason: RefusalReason;
  message: string;
  /** How long a refused task waits before it fails retryably. */
  retry_after_seconds?: number;
}

import type { RefusalReason } from "./protocol.js";

/**
 * The agent does not let a task run, or did not understand.
 *
 * Let it out of the task: to Hatchet that is a failure which is tried again, on another host if
 * this one drains. Never wrap it in a `NonRetryableError`.
 */
export class AgentRefusal extends Error {
  override readonly name = "AgentRefusal";

  /** The HTTP status: 409 where the host's state is why. */
  readonly status: number;

  /** Why, such as `draining`, `unhealthy` or `no_slots`. */
  readonly reason: RefusalReason;

  /** How long the agent asks to wait before the task fails, in milliseconds, if it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, reason: RefusalReason, message: string, retryAfterMs?: number) {
    super(`the agent refused (${reason}): ${message}`);
    this.status = status;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether another host, or this one later, may run the task. */
  get isRetryable(): boolean {
    return this.status === 409 || this.status === 503;
  }
}

/** The agent's socket does not answer. A task that was to begin is better tried elsewhere. */
export class AgentUnreachable extends Error {
  override readonly name = "AgentUnreachable";

  constructor(socket: string, cause: unknown) {
    const why = cause instanceof Error ? cause.message : String(cause);
    super(`the agent at ${socket} does not answer: ${why}; is valet-worker running?`, { cause });
  }
}

/**
 * The task has to end now: the host ends soon, or has taken the lease back.
 *
 * It is the reason of a lease's signal, and what `withLease` throws when the task does not end by
 * itself. Let it out of the task, so that Hatchet runs it again.
 */
export class LeaseAborted extends Error {
  override readonly name: string = "LeaseAborted";

  constructor(why: string) {
    super(`the task is given back: ${why}`);
  }
}

/**
 * The lease was revoked: the host or this process was frozen for so long that Hatchet has given the task to another
 * worker.
 *
 * The task must not do anything more. Let it out of the task: Hatchet counts a failure only for the attempt that is under
 * way, so where another worker has the task this one is ignored, and where nobody has, it is tried again. A
 * `NonRetryableError` in its place would lose the latter.
 */
export class LeaseRevoked extends LeaseAborted {
  override readonly name = "LeaseRevoked";

  constructor() {
    super("the host was frozen, and another worker may run it");
  }
}

import { setTimeout as sleep } from "node:timers/promises";

import { AgentRefusal, AgentUnreachable, LeaseAborted, LeaseRevoked } from "./errors.js";
import { FreezeDetector, TICK_MS } from "./freeze.js";
import { FIRST_PAUSE_MS, jittered, longer, LONGEST_PAUSE_MS } from "./pauses.js";
import type { HostEvent, HostState, Registration } from "./protocol.js";
import { Transport } from "./transport.js";

/** How long a refused task waits where neither the caller nor the agent says. */
const REFUSAL_PAUSE_MS = 3_000;

/**
 * How long no task begins after a freeze, in milliseconds. Hatchet assigns tasks to a worker for 5 s after its last heartbeat:
 * they wait in the connection, are read as soon as the process thaws, and may be another worker's by then.
 */
const LATE_ASSIGNMENTS_MS = 5_000;

/** How to reach the agent. */
export interface ConnectOptions {
  /** The agent's socket; the environment's `VALET_SOCKET` when left out. */
  socket?: string;
  /** How long an agent that does not respond is tried again before a call fails; 10 s by default. */
  timeoutMs?: number;
  /** @deprecated The earlier name of {@link ConnectOptions.timeoutMs}, which wins where both are set. */
  patienceMs?: number;
  /** How long a task may take to end after its signal; 2 s by default. */
  abortGraceMs?: number;
  /**
   * How long a refused task waits before it throws; by default what the agent says, or 3 s.
   *
   * Hatchet hears of a pause only after one to three seconds, and until then gives a task that has
   * failed to the same worker again, at once: thrown without a pause, it would use up its retries.
   */
  refusalPauseMs?: number;
}

/** What a lease is for. */
export interface LeaseOptions {
  /** The task run's name or id, for whoever reads the agent's status. */
  task?: string;
}

/** What a task may ask about its lease. */
export interface Lease {
  /**
   * Whether the lease is still this task's. Ask right before something that cannot be undone: after a
   * freeze of the host another worker may run the same task. Where nobody can say it throws: {@link AgentRefusal} where
   * the agent has not reached Hatchet for 25 s, {@link AgentUnreachable} where it is out of reach itself.
   */
  isValid(): Promise<boolean>;
}

/** A lease while its task runs. The id may change when the agent is restarted. */
interface Held {
  id: string;
  task: string | undefined;
  abort: AbortController;
}

/** The options that are times, each with a value. */
type Times = Required<Pick<ConnectOptions, "timeoutMs" | "abortGraceMs">> &
  Pick<ConnectOptions, "refusalPauseMs">;

/** Connects to the agent of this host. */
export function connect(options: ConnectOptions = {}): Host {
  const socket = options.socket ?? process.env["VALET_SOCKET"];
  if (!socket) {
    throw new Error("no socket: set VALET_SOCKET, as the unit valet-runtime.service does");
  }
  const { patienceMs = 10_000, timeoutMs = patienceMs, abortGraceMs = 2_000, refusalPauseMs } = options;
  return new Host(socket, {
    timeoutMs,
    abortGraceMs,
    ...(refusalPauseMs === undefined ? {} : { refusalPauseMs }),
  });
}

/** The host that this runtime is on, as its agent tells. */
export class Host {
  readonly #socket: string;
  readonly #times: Times;
  readonly #transport: Transport;
  readonly #held = new Set<Held>();
  readonly #listeners = new Set<(event: HostEvent) => void>();
  #registration: Registration | undefined;
  #last: HostEvent | undefined;
  #recovering: Promise<void> | undefined;
  readonly #freezes = new FreezeDetector();
  /** When the last freeze ended, by the clock that no time server sets. */
  #thawed = -LATE_ASSIGNMENTS_MS;
  readonly #ticks: NodeJS.Timeout;
  #stopFollowing: (() => void) | undefined;
  #isClosed = false;

  /** Use {@link connect}. */
  constructor(socket: string, times: Times) {
    this.#socket = socket;
    this.#times = times;
    this.#transport = new Transport(socket, () => this.#connectionLost());
    this.#ticks = setInterval(() => this.#revokeAfterFreeze(), TICK_MS).unref();
    void this.#followEvents();
  }

  /** The state that the agent told last; nothing before it told any. */
  get state(): HostState | undefined {
    return this.#last?.state;
  }

  /** How many tasks hold a lease. */
  get leases(): number {
    return this.#held.size;
  }

  /**
   * Says who this runtime is. Call it after `waitUntilReady()`, and again whenever Hatchet gives
   * out a new worker id. It is repeated by itself when the agent was restarted.
   */
  async register(registration: Registration): Promise<void> {
    this.#registration = registration;
    await this.#untilTimeout(() => this.#sendRegistration(registration));
  }

  /**
   * Runs a task under a lease, and gives it back whatever becomes of the task.
   *
   * The signal aborts when the task has to end. A task that goes on for longer than the grace after
   * that is given up: its lease is given back and `LeaseAborted` thrown, though nothing can stop it.
   *
   * @throws AgentRefusal when the host takes no tasks; {@link AgentUnreachable} when nobody answers;
   * {@link LeaseRevoked} when the task was assigned before a freeze.
   */
  async withLease<T>(
    task: (signal: AbortSignal, lease: Lease) => Promise<T> | T,
    options: LeaseOptions = {},
  ): Promise<T> {
    const held = await this.#acquire(options.task).catch(async (error: unknown) => {
      if (error instanceof AgentRefusal && error.isRetryable) {
        await sleep(this.#times.refusalPauseMs ?? error.retryAfterMs ?? REFUSAL_PAUSE_MS);
      }
      throw error;
    });
    let outcome: "finished" | "failed" = "failed";
    try {
      const result = await this.#endedInTime(held, task);
      outcome = "finished";
      return result;
    } finally {
      this.#held.delete(held);
      await this.#release(held, outcome);
    }
  }

  /** Calls back when the host begins to drain, at once if it does already. Returns how to stop that. */
  onDrain(listener: (event: HostEvent) => void): () => void {
    let isDraining = false;
    return this.onEvent((event) => {
      const begins = event.state === "draining" && !isDraining;
      isDraining = event.state === "draining";
      if (begins) {
        listener(event);
      }
    });
  }

  /** Calls back with the last event and with every further one. Returns how to stop that. */
  onEvent(listener: (event: HostEvent) => void): () => void {
    this.#listeners.add(listener);
    if (this.#last) {
      listener(this.#last);
    }
    return () => this.#listeners.delete(listener);
  }

  /** Closes the connections. Leases that are still held end with them. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#ticks);
    this.#stopFollowing?.();
    this.#transport.close();
  }

  async #acquire(task: string | undefined): Promise<Held> {
    await this.#refuseAfterFreeze();
    const id = await this.#untilTimeout(async () => {
      await this.#recovered();
      return this.#askForLease({ ...(task === undefined ? {} : { task }) });
    });
    const held: Held = { id, task, abort: new AbortController() };
    this.#held.add(held);
    if (this.#last?.abort) {
      held.abort.abort(new LeaseAborted(this.#last.cause));
    }
    return held;
  }

  async #askForLease(request: { task?: string; continues?: string }): Promise<string> {
    const lease = (await this.#transport.ask("POST", "/v1/leases", request)) as { id: string };
    return lease.id;
  }

  /** The task's result, or `LeaseAborted` where it does not end within the grace. */
  async #endedInTime<T>(
    held: Held,
    task: (signal: AbortSignal, lease: Lease) => Promise<T> | T,
  ): Promise<T> {
    const lease = { isValid: () => this.#isValid(held) };
    const { signal } = held.abort;
    let timer: NodeJS.Timeout | undefined;
    const givenUp = new Promise<never>((_, reject) => {
      const wait = () => {
        timer = setTimeout(() => reject(signal.reason), this.#times.abortGraceMs);
      };
      signal.aborted ? wait() : signal.addEventListener("abort", wait, { once: true });
    });
    try {
      return await Promise.race([(async () => task(signal, lease))(), givenUp]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #release(held: Held, outcome: "finished" | "failed"): Promise<void> {
    try {
      await this.#untilTimeout(async () => {
        await this.#recovered();
        await this.#transport.ask("DELETE", `/v1/leases/${held.id}`, { outcome });
      });
    } catch {
      // The agent knows the lease no more, or is gone with all it knew: there is nothing to give back.
    }
  }

  async #isValid(held: Held): Promise<boolean> {
    // It may be asked before the next tick.
    this.#revokeAfterFreeze();
    if (held.abort.signal.aborted) {
      return false;
    }
    try {
      await this.#untilTimeout(async () => {
        await this.#recovered();
        await this.#transport.ask("GET", `/v1/leases/${held.id}`);
      });
      return !held.abort.signal.aborted;
    } catch (error) {
      if (error instanceof AgentRefusal && error.reason === "not_found") {
        return false;
      }
      throw error;
    }
  }

  /** What runs since before a freeze is another worker's by now. */
  #revokeAfterFreeze(): void {
    if (this.#freezes.tick()) {
      this.#thawed = performance.now();
      for (const held of this.#held) {
        held.abort.abort(new LeaseRevoked());
      }
    }
  }

  /** Waits before it throws: a retry that came back at once would be refused again. */
  async #refuseAfterFreeze(): Promise<void> {
    this.#revokeAfterFreeze();
    const left = this.#thawed + LATE_ASSIGNMENTS_MS - performance.now();
    if (left > 0) {
      await sleep(left);
      throw new LeaseRevoked();
    }
  }

  /** Waits until leases are the agent's again after a lost connection; throws when that takes too long. */
  async #recovered(): Promise<void> {
    if (!this.#recovering) {
      return;
    }
    const timer = new AbortController();
    const late = sleep(Math.min(LONGEST_PAUSE_MS, this.#times.timeoutMs), undefined, { signal: timer.signal }).then(() => {
      throw new Error("the agent has not come back");
    });
    late.catch(() => undefined);
    try {
      await Promise.race([this.#recovering, late]);
    } finally {
      timer.abort();
    }
  }

  /** Tries again while the agent does not respond. What it refuses stays refused. */
  async #untilTimeout<T>(ask: () => Promise<T>): Promise<T> {
    const end = Date.now() + this.#times.timeoutMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = longer(pause)) {
      try {
        return await ask();
      } catch (error) {
        if (error instanceof AgentRefusal) {
          throw error;
        }
        if (this.#isClosed || Date.now() + pause > end) {
          throw new AgentUnreachable(this.#socket, error);
        }
        await sleep(jittered(pause));
      }
    }
  }

  async #sendRegistration({ workerId, slots, pid }: Registration): Promise<void> {
    await this.#transport.ask("POST", "/v1/runtime", {
      worker_id: workerId,
      pid: pid ?? process.pid,
      slots,
    });
  }

  /** The agent has freed the leases of the connection that ended: ask for them again. */
  #connectionLost(): void {
    if (!this.#isClosed && this.#held.size > 0) {
      this.#recover();
    }
  }

  #recover(): void {
    this.#recovering ??= this.#recoverNow().finally(() => {
      this.#recovering = undefined;
    });
  }

  /** Tells a new connection, perhaps to a new agent, who we are and what runs. */
  async #recoverNow(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#isClosed; pause = longer(pause)) {
      try {
        if (this.#registration) {
          await this.#sendRegistration(this.#registration);
        }
        for (const held of [...this.#held]) {
          await this.#continue(held);
        }
        return;
      } catch {
        // A task that runs is not given up because the agent is being restarted.
        await sleep(jittered(pause));
      }
    }
  }

  async #continue(held: Held): Promise<void> {
    const task = held.task === undefined ? {} : { task: held.task };
    try {
      held.id = await this.#askForLease({ ...task, continues: held.id });
    } catch (error) {
      if (error instanceof AgentRefusal && error.reason !== "busy") {
        const revoked = error.reason === "not_found";
        held.abort.abort(revoked ? new LeaseRevoked() : new LeaseAborted(error.message));
        return;
      }
      throw error;
    }
  }

  async #followEvents(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#isClosed; pause = longer(pause)) {
      const { ended, close } = this.#transport.follow("/v1/events", (line) => {
        pause = FIRST_PAUSE_MS;
        this.#hear(line);
      });
      this.#stopFollowing = close;
      await ended.catch(() => undefined);
      if (this.#isClosed) {
        return;
      }
      // The stream ends with the agent. The next one does not know us.
      await sleep(jittered(pause));
      if (this.#registration) {
        this.#recover();
      }
    }
  }

  #hear(line: string): void {
    const event = JSON.parse(line) as HostEvent;
    this.#last = event;
    for (const held of this.#held) {
      if (event.revoked?.includes(held.id)) {
        held.abort.abort(new LeaseRevoked());
      }
    }
    if (event.abort) {
      for (const held of this.#held) {
        held.abort.abort(new LeaseAborted(event.cause));
      }
    }
    for (const listener of this.#listeners) {
      listener(event);
    }
  }
}

import { uptime } from "node:os";

/** How often the clocks are read, in milliseconds. */
export const TICK_MS = 1_000;

/**
 * How long the process has to stand still to count as frozen, in seconds. Hatchet gives a task to another worker 30 s after
 * the last heartbeat, of which one comes every 4 s.
 */
const FREEZE_SECONDS = 25;

/** The share of a gap that a process which was only busy spends on a processor; a frozen one spends nothing. */
const BUSY = 0.5;

/** Seconds since the boot, those in which the machine slept among them, and processor seconds of this process. */
export interface Clocks {
  uptime(): number;
  processor(): number;
}

const CLOCKS: Clocks = {
  uptime,
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
};

/**
 * Notices that this process stood still: a suspended machine, a stalled disk, SIGSTOP. The agent notices when the whole host
 * did, and knows nothing of a runtime that was stopped alone.
 */
export class FreezeDetector {
  readonly #clocks: Clocks;
  #last: number;
  #processor: number;

  constructor(clocks: Clocks = CLOCKS) {
    this.#clocks = clocks;
    this.#last = clocks.uptime();
    this.#processor = clocks.processor();
  }

  /**
   * To be called every {@link TICK_MS}, and before anything that a freeze would forbid. Whether a freeze has just ended. A long
   * computation is none: Hatchet's SDK sends heartbeats from a thread of their own.
   */
  tick(): boolean {
    const gap = this.#clocks.uptime() - this.#last;
    const processor = this.#clocks.processor() - this.#processor;
    this.#last += gap;
    this.#processor += processor;
    return gap - TICK_MS / 1_000 >= FREEZE_SECONDS && processor < gap * BUSY;
  }
}

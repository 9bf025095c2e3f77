import * as http from "node:http";
import * as net from "node:net";

import { AgentRefusal } from "./errors.js";
import type { Refusal } from "./protocol.js";

/** How long the agent may take to answer. It does so within milliseconds. */
const ANSWER_LIMIT_MS = 10_000;

/**
 * One connection to the agent, over which requests go one after another.
 *
 * Leases belong to their connection, so it is kept open, and its end is reported.
 */
export class Transport {
  readonly #agent: http.Agent;
  readonly #socketPath: string;

  constructor(socketPath: string, onClosed: () => void) {
    this.#socketPath = socketPath;
    this.#agent = new OneConnection(socketPath, onClosed);
  }

  /** Asks, and returns the answer's JSON; nothing where it has no body. */
  async ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const { status, answer } = await this.#send(method, path, text);
    if (status >= 200 && status < 300) {
      return answer === "" ? undefined : JSON.parse(answer);
    }
    throw refusal(status, answer);
  }

  /** Opens the stream of events, over a connection of its own, and hands every line on. */
  follow(path: string, onLine: (line: string) => void): { ended: Promise<void>; close: () => void } {
    const request = http.request({ socketPath: this.#socketPath, path, agent: false });
    const ended = new Promise<void>((resolve, reject) => {
      request.on("error", reject);
      request.on("response", (response) => {
        let pending = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          const lines = (pending + chunk).split("\n");
          pending = lines.pop() ?? "";
          lines.filter((line) => line.trim() !== "").forEach(onLine);
        });
        response.on("error", reject);
        response.on("close", resolve);
      });
    });
    request.end();
    return { ended, close: () => request.destroy() };
  }

  /** Closes the connection, and gives back whatever belongs to it. */
  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body: string): Promise<{ status: number; answer: string }> {
    return new Promise((resolve, reject) => {
      const headers =
        body === ""
          ? { "content-length": 0 }
          : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const request = http.request({ agent: this.#agent, method, path, headers });
      request.setTimeout(ANSWER_LIMIT_MS, () => {
        request.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`));
      });
      request.on("error", reject);
      request.on("response", (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (answer += chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, answer }));
      });
      request.end(body);
    });
  }
}

class OneConnection extends http.Agent {
  readonly #socketPath: string;
  readonly #onClosed: () => void;

  constructor(socketPath: string, onClosed: () => void) {
    super({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1 });
    this.#socketPath = socketPath;
    this.#onClosed = onClosed;
  }

  override createConnection(): net.Socket {
    const socket = net.connect(this.#socketPath);
    socket.once("close", this.#onClosed);
    return socket;
  }
}

function refusal(status: number, answer: string): AgentRefusal {
  try {
    const { reason, message, retry_after_seconds: seconds } = JSON.parse(answer) as Refusal;
    return new AgentRefusal(status, reason, message, seconds === undefined ? seconds : seconds * 1000);
  } catch {
    return new AgentRefusal(status, "malformed", `HTTP ${status} without a reason`);
  }
}

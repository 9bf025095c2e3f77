// As much of valet-worker's local API as the client uses, with the rule that matters: a lease
// belongs to its connection.

import * as http from "node:http";

export class FakeAgent {
  constructor(socket) {
    this.socket = socket;
    this.registrations = [];
    this.requests = [];
    this.ended = [];
    this.refusal = undefined;
    this.event = { state: "ready", cause: "all is well", abort: false };
    /** Why nobody can say whether a lease is its task's. */
    this.doubt = undefined;
    /** What happens before it is said whether a lease is its task's. */
    this.beforeSaying = async () => undefined;
    this.leases = new Map();
    this.streams = new Set();
    this.connections = new Set();
    this.made = 0;
  }

  async start() {
    this.server = http.createServer((request, response) => this.#answer(request, response));
    this.server.keepAliveTimeout = 0;
    this.server.on("connection", (connection) => {
      this.connections.add(connection);
      connection.on("error", () => undefined);
      connection.on("close", () => {
        this.connections.delete(connection);
        for (const [id, owner] of this.leases) {
          if (owner === connection) this.leases.delete(id);
        }
      });
    });
    await new Promise((resolve) => this.server.listen(this.socket, resolve));
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  cut() {
    for (const connection of this.connections) connection.destroy();
    this.streams.clear();
  }

  tell(event) {
    this.event = { abort: false, cause: "told by the test", ...event };
    const line = `${JSON.stringify(this.event)}\n`;
    for (const stream of this.streams) {
      // In two pieces, as a network may deliver it.
      stream.write(line.slice(0, 7));
      stream.write(line.slice(7));
    }
  }

  async #answer(request, response) {
    let text = "";
    for await (const chunk of request) text += chunk;
    const body = text === "" ? undefined : JSON.parse(text);
    const { method, url } = request;
    this.requests.push({ method, url, body });
    const say = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(value === undefined ? undefined : JSON.stringify(value));
    };
    if (url === "/v1/events") {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write(`${JSON.stringify(this.event)}\n`);
      this.streams.add(response);
      return;
    }
    if (method === "POST" && url === "/v1/runtime") {
      this.registrations.push(body);
      return say(200, {});
    }
    if (method === "POST" && url === "/v1/leases") {
      if (this.refusal) return say(409, this.refusal);
      const id = body.continues ?? `lease-${++this.made}`;
      this.leases.set(id, request.socket);
      return say(201, { id });
    }
    if (method === "GET" && url.startsWith("/v1/leases/")) {
      const id = url.slice("/v1/leases/".length);
      await this.beforeSaying();
      if (this.doubt && this.leases.has(id)) return say(409, this.doubt);
      return this.leases.has(id) ? say(204) : say(404, { reason: "not_found", message: id });
    }
    if (method === "DELETE" && url.startsWith("/v1/leases/")) {
      const id = url.slice("/v1/leases/".length);
      if (!this.leases.delete(id)) return say(404, { reason: "not_found", message: id });
      this.ended.push({ id, ...body });
      return say(204);
    }
    return say(404, { reason: "not_found", message: url });
  }
}

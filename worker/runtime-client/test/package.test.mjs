// What is published, as a project in TypeScript uses it: packed, installed and compiled.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const own = dirname(dirname(fileURLToPath(import.meta.url)));
const tsc = join(own, "node_modules/typescript/bin/tsc");

const CONSUMER = `
import { AgentRefusal, connect, type ConnectOptions, type Lease } from "@valet/runtime-client";

const options: ConnectOptions = { socket: "/nowhere/agent.sock", timeoutMs: 50 };
const host = connect(options);
const reason: string = await host
  .withLease(async (signal: AbortSignal, lease: Lease) => {
    signal.throwIfAborted();
    return (await lease.isValid()) ? "valid" : "revoked";
  }, { task: "run-1" })
  .catch((error: unknown) => (error instanceof AgentRefusal ? error.reason : "unreachable"));
console.log(reason);
host.close();
`;

/** A project that has installed the packed package, and nothing else but the types of Node. */
async function consumer(folder) {
  const { stdout } = await run("npm", ["pack", own, "--ignore-scripts", "--json"], { cwd: folder });
  const archive = JSON.parse(stdout)[0].filename;
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  await run("npm", ["install", "--offline", "--no-audit", "--no-fund", join(folder, archive)], {
    cwd: folder,
  });
  await mkdir(join(folder, "node_modules/@types"), { recursive: true });
  for (const name of ["@types/node", "undici-types"]) {
    await symlink(join(own, "node_modules", name), join(folder, "node_modules", name));
  }
  await writeFile(join(folder, "main.ts"), CONSUMER);
}

async function compile(folder, module) {
  const options = ["--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--types", "node"];
  try {
    await run(process.execPath, [tsc, ...options, "--module", module, "main.ts"], { cwd: folder });
    return "";
  } catch (error) {
    return error.stdout;
  }
}

test("a project in TypeScript compiles against the packed package and runs", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "valet-consumer-"));
  t.after(() => rm(folder, { recursive: true }));
  await consumer(folder);
  assert.equal(await compile(folder, "nodenext"), "");
  const { stdout } = await run(process.execPath, ["main.js"], { cwd: folder });
  assert.equal(stdout.trim(), "unreachable");
  // The types are checked, not merely present.
  await writeFile(join(folder, "main.ts"), CONSUMER.replace("timeoutMs: 50", 'timeoutMs: "50"'));
  assert.match(await compile(folder, "nodenext"), /TS2322/);
});

// The browser, and what the tests share.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** What the test gave: addresses, tokens, one agent's token. */
export const given = JSON.parse(readFileSync(process.env.VALET_PAGE_TEST, "utf8"));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const browser = await chromium.launch({
  executablePath: given.chromium,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--font-render-hinting=none"],
});

/** A page of its own, which fails the test when it breaks its own policy, runs into an error or opens a dialog. */
export async function open(options = {}) {
  const context = await browser.newContext({ baseURL: given.url, viewport: { width: 1280, height: 860 }, timezoneId: "UTC", ...options });
  // Far above what anything takes: a machine that is busy is slow.
  context.setDefaultTimeout(60000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", async (dialog) => { faults.push("dialog: " + dialog.message()); await dialog.dismiss(); });
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) faults.push(message.text());
  });
  return { context, page, faults };
}

export async function signIn(page, token) {
  // A list that is short: not every flow needs 500 hosts.
  await page.goto("/sign-in?next=/sessions");
  await page.fill("#token", token);
  await page.click("button.main");
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

/** Signs in, does the work, and holds the page against its faults. */
export async function as(token, options, work) {
  const { context, page, faults } = await open(options);
  try {
    await signIn(page, token);
    await work(page, context);
    assert.deepEqual(faults, []);
  } finally {
    await context.close();
  }
}

/** Clicks, and waits until the next page is there: what is read before that is still of this one. */
export async function follow(page, link) {
  await Promise.all([page.waitForEvent("domcontentloaded"), link.click()]);
}

/** WCAG 2.2 A and AA, and axe's good practices. The page's policy keeps inline scripts out, so axe comes by the debugger. */
export async function accessible(page, what) {
  await page.evaluate(axe);
  const result = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = result.violations.map((rule) => `${rule.id}: ${rule.help}: ${rule.nodes.slice(0, 3).map((node) => node.html + " " + node.failureSummary).join(" | ")}`);
  assert.deepEqual(found, [], what);
}

/** What the host of the test says: a heartbeat with this outcome of the order. */
let seq = 0;
export async function beat(changes = {}, { agent, url } = given) {
  seq += 1;
  const body = {
    version: 2, bootId: agent.boot, seq, status: "ready", cause: "up", since: new Date().toISOString(), lifecycle: "InService",
    group: agent.group, workerId: "w-1", slots: 5, adsPowerStatus: "running", leases: [], ended: [], orders: [],
    versions: { worker: "1.0.0", kernel: "6.8.0-1021-aws" }, ...changes,
  };
  const response = await fetch(url + "/api/v1/sandboxes/heartbeat", {
    method: "POST", headers: { "content-type": "application/json", authorization: "Bearer " + agent.token }, body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.clone().text());
  return response.json();
}

/** Waits until the server says this of an order. */
export async function orderUntil({ url, operator }, id, isSo) {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const response = await fetch(`${url}/api/v1/orders/${id}`, { headers: { authorization: "Bearer " + operator } });
    const order = await response.json();
    if (isSo(order)) return order;
    await new Promise((go) => setTimeout(go, 100));
  }
  throw new Error("the order does not come to that");
}

export async function orders(host) {
  const response = await fetch(`${given.url}/api/v1/orders?host=${host}`, { headers: { authorization: "Bearer " + given.operator } });
  return response.json();
}

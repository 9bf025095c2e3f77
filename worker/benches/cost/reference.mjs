// What a program in Node takes at the least in the agent's place: each second a heartbeat, a report and four looks at notices,
// with Node's own `fetch`. It has no SDK, watches no service and keeps nothing.
//
// Environment: HEARTBEAT_URL, METRICS_URL, METADATA_URL.

const { HEARTBEAT_URL, METRICS_URL, METADATA_URL } = process.env;

const NOTICES = [
  "spot/instance-action",
  "events/recommendations/rebalance",
  "events/maintenance/scheduled",
  "autoscaling/target-lifecycle-state",
];

async function ask(url, options) {
  const response = await fetch(url, options);
  return response.text();
}

const token = await ask(`${METADATA_URL}/latest/api/token`, {
  method: "PUT",
  headers: { "X-aws-ec2-metadata-token-ttl-seconds": "21600" },
});

function cycle() {
  const heartbeat = { instanceId: "i-0123456789abcdef0", status: "ready", activeTasks: 0, slots: 3 };
  const data = Array.from({ length: 20 }, (_, index) => `MetricData.member.${index + 1}.Value=${index}`);
  const body = `Action=PutMetricData&Version=2010-08-01&Namespace=Valet&${data.join("&")}`;
  const json = { "content-type": "application/json", authorization: "Bearer none" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const headers = { "X-aws-ec2-metadata-token": token };
  return Promise.allSettled([
    ask(HEARTBEAT_URL, { method: "POST", headers: json, body: JSON.stringify(heartbeat) }),
    ask(METRICS_URL, { method: "POST", headers: form, body }),
    ...NOTICES.map((notice) => ask(`${METADATA_URL}/latest/meta-data/${notice}`, { headers })),
  ]);
}

setInterval(() => void cycle(), 1000);

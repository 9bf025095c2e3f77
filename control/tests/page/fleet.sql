-- A fleet for the page: hosts in every state, with tasks, orders and a past.
UPDATE ingest_up SET started_at = now() - interval '3 days';
INSERT INTO sandbox (instance_id, account, region, group_name, zone, instance_type, image_id, launched_at, enrolled_at, capabilities)
SELECT CASE WHEN n = 7 THEN 'i-0f3a9c51d2e84b701' ELSE 'i-0' || substr(md5(n::text), 1, 16) END, '123456789012', 'us-east-1',
       'valet-workers-spot', 'us-east-1' || (ARRAY['a', 'b', 'c'])[1 + n % 3],
       (ARRAY['m6i.large', 'm7i.large', 't3.xlarge', 'r6i.large', 'm6a.large'])[1 + n % 5],
       CASE WHEN n % 9 = 0 THEN 'ami-0b81d45e9022f1c3a' ELSE 'ami-0c52f7d6e1a94b083' END,
       now() - make_interval(mins => 30 + (n * 97) % 12000), now() - make_interval(mins => 29 + (n * 97) % 12000),
       '{drain,resume,restartRuntime,restartServices}'
FROM generate_series(1, 505) AS n;
INSERT INTO pulse (instance_id, boot_id, seq, seen_at, status, cause, since, lifecycle, worker_id, active, slots, ads, agent_version, kernel)
SELECT instance_id, '4f9d0c1e-7b52-4a3d-9c60-' || substr(md5(instance_id), 1, 12), 400,
       now() - make_interval(secs => CASE WHEN n % 61 = 0 THEN 340 + n ELSE n % 29 END), status,
       CASE status WHEN 'draining' THEN (ARRAY['spot interruption in 2 minutes', 'order of Mara: kernel update', 'rebalance recommendation'])[1 + n % 3]
                   WHEN 'unhealthy' THEN (ARRAY['AdsPower does not answer on port 50325', 'memory at 96 %'])[1 + n % 2]
                   WHEN 'starting' THEN 'AdsPower is starting' ELSE 'all checks pass' END,
       now() - make_interval(mins => n % 50), 'InService', 'c1f0a7' || substr(md5(n::text), 1, 8),
       CASE status WHEN 'ready' THEN (n * 7) % 6 WHEN 'draining' THEN 1 + n % 3 ELSE 0 END, CASE WHEN status = 'starting' THEN 0 ELSE 5 END,
       CASE status WHEN 'unhealthy' THEN 'error' WHEN 'starting' THEN 'starting' ELSE 'running' END, '1.4.2', '6.8.0-1021-aws'
FROM (SELECT *, CASE WHEN instance_id = 'i-0f3a9c51d2e84b701' OR n % 37 = 0 THEN 'draining' WHEN n % 53 = 0 THEN 'unhealthy' WHEN n % 71 = 0 THEN 'starting' ELSE 'ready' END AS status
      FROM (SELECT instance_id, (row_number() OVER (ORDER BY launched_at))::int AS n FROM sandbox) AS numbered) AS hosts
WHERE n % 83 <> 0;
UPDATE sandbox SET gone_at = now() - interval '1 hour' WHERE instance_id IN
    (SELECT instance_id FROM sandbox WHERE instance_id <> 'i-0f3a9c51d2e84b701' ORDER BY launched_at LIMIT 6);
-- The one that is looked at.
UPDATE pulse SET active = 2, cause = 'order of Mara: kernel update', since = now() - interval '4 minutes', seen_at = now() - interval '9 seconds'
WHERE instance_id = 'i-0f3a9c51d2e84b701';
UPDATE sandbox SET launched_at = now() - interval '26 hours' WHERE instance_id = 'i-0f3a9c51d2e84b701';
INSERT INTO fleet_order (id, instance_id, action, reason, ordered_by, ordered_at, expires_at, state, detail, sent_at, acknowledged_at, ended_at) VALUES
    ('o-5a1f0c7732e9d4b86a10', 'i-0f3a9c51d2e84b701', 'restartRuntime', 'runtime lost its connection twice', 'Jonas', now() - interval '9 hours', now() - interval '8 hours', 'done', 'drained in 212 s, restarted in 6 s', now() - interval '539 minutes', now() - interval '539 minutes', now() - interval '535 minutes'),
    ('o-91be6d20c4a7f3e85b02', 'i-0f3a9c51d2e84b701', 'drain', 'kernel update', 'Mara', now() - interval '4 minutes', now() + interval '56 minutes', 'accepted', NULL, now() - interval '232 seconds', now() - interval '202 seconds', NULL);
INSERT INTO state_change (instance_id, boot_id, seq, status, cause, since, heard_at)
SELECT 'i-0f3a9c51d2e84b701', 'b', n, status, cause, now() - ago, now() - ago
FROM (VALUES (1, 'starting', 'AdsPower is starting', interval '1558 minutes'), (2, 'ready', 'all checks pass', interval '1557 minutes'),
             (3, 'draining', 'order of Jonas: runtime lost its connection twice', interval '539 minutes'), (4, 'ready', 'all checks pass', interval '535 minutes'),
             (5, 'unhealthy', 'AdsPower does not answer on port 50325', interval '130 minutes'), (6, 'ready', 'all checks pass', interval '128 minutes'),
             (7, 'draining', 'order of Mara: kernel update', interval '202 seconds')) AS changes (n, status, cause, ago);
INSERT INTO session (instance_id, lease_id, boot_id, task, started_at, ended_at, outcome)
SELECT 'i-0f3a9c51d2e84b701', 'lease-' || substr(md5('l' || n), 1, 12), 'b', (ARRAY['invoice-export', 'price-check', 'profile-warmup', 'listing-sync'])[1 + n % 4],
       now() - make_interval(mins => n * 11 + 1), CASE WHEN n > 2 THEN now() - make_interval(mins => n * 11 - 8) END,
       CASE WHEN n > 2 THEN (ARRAY['finished', 'finished', 'finished', 'failed', 'finished'])[1 + n % 5] END
FROM generate_series(1, 14) AS n;

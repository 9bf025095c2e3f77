-- Each last heartbeat with its age and its silence.
--
-- The silence is what the view `sandboxes` said already, in less time for whoever reads all hosts: it is worked out once for
-- each, in double precision, and without a join.
CREATE VIEW hearing AS
SELECT max(started_at) AS started_at,
       -- It is written down every 10 s; after 30 s without, a new time begins.
       CASE WHEN max(last_at) < now() - interval '30 seconds' THEN max(last_at) ELSE now() END AS heard_until
FROM ingest_up;

CREATE VIEW pulses AS
SELECT pulse.*,
       date_part('epoch', now() - seen_at) AS seen_age,
       greatest(0, date_part('epoch', (SELECT heard_until FROM hearing) - CASE
           WHEN seen_at < (SELECT started_at FROM hearing) THEN (SELECT started_at + interval '120 seconds' FROM hearing)
           ELSE seen_at
       END)) AS silence
FROM pulse;

CREATE OR REPLACE VIEW sandboxes AS
SELECT *,
       CASE
           WHEN gone_at IS NOT NULL THEN 'gone'
           WHEN status IS NULL AND enrolled_at IS NULL THEN 'unenrolled'
           WHEN status IS NULL THEN 'enrolled'
           WHEN silence > 90 THEN 'offline'
           ELSE status
       END AS state
FROM (
    SELECT sandbox.*,
           pulses.boot_id, pulses.seq, pulses.seen_at, pulses.status, pulses.cause, pulses.since, pulses.lifecycle,
           pulses.worker_id, pulses.active, pulses.slots, pulses.ads, pulses.agent_version, pulses.kernel,
           pulses.seen_age, coalesce(pulses.silence, 0) AS silence
    FROM sandbox
    LEFT JOIN pulses USING (instance_id)
) AS heard;

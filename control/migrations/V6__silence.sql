-- The same as before, and silence ends where the server's own hearing does. A database that cannot be written any more, such
-- as one whose disk is full, can still be read: nobody is heard then, and no host is silent for that.
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
           pulse.boot_id, pulse.seq, pulse.seen_at, pulse.status, pulse.cause, pulse.since, pulse.lifecycle,
           pulse.worker_id, pulse.active, pulse.slots, pulse.ads, pulse.agent_version, pulse.kernel,
           extract(epoch FROM now() - pulse.seen_at)::double precision AS seen_age,
           greatest(0, extract(epoch FROM up.heard_until - CASE
               WHEN pulse.seen_at < up.started_at THEN up.started_at + interval '120 seconds'
               ELSE pulse.seen_at
           END))::double precision AS silence
    FROM sandbox
    LEFT JOIN pulse USING (instance_id)
    CROSS JOIN (
        SELECT max(started_at) AS started_at,
               -- It is written down every 10 s; after 30 s without, a new time begins.
               CASE WHEN max(last_at) < now() - interval '30 seconds' THEN max(last_at) ELSE now() END AS heard_until
        FROM ingest_up
    ) AS up
) AS heard;

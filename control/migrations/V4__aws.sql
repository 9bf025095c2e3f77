-- What AWS says of hosts and groups, who may act on it, and what was found.

-- Who leads. There is one row; the epoch grows with each leader.
CREATE TABLE leader (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch       bigint NOT NULL DEFAULT 0,
    holder      text NOT NULL DEFAULT '',
    since       timestamptz NOT NULL DEFAULT now(),
    renewed_at  timestamptz NOT NULL DEFAULT now(),
    -- Whether the leader gave it up by itself, so that the next one need not wait.
    released    boolean NOT NULL DEFAULT true,
    -- When a host was replaced last, by whichever leader.
    replaced_at timestamptz
);
INSERT INTO leader DEFAULT VALUES;

-- An Auto Scaling group, as AWS said last.
CREATE TABLE fleet_group (
    account    text NOT NULL,
    region     text NOT NULL,
    name       text NOT NULL,
    min_size   integer,
    max_size   integer,
    desired    integer,
    in_service integer,
    read_at    timestamptz,
    -- Why it could not be read, since then.
    problem    text,
    -- When an instance wanted to enrol that was not listed.
    asked_at   timestamptz,
    PRIMARY KEY (account, region, name)
);

-- An instance, as AWS said last.
CREATE TABLE aws_instance (
    instance_id  text PRIMARY KEY,
    account      text NOT NULL,
    region       text NOT NULL,
    -- The group that it is in; none where it is in none of ours.
    group_name   text,
    -- EC2's state, such as running.
    state        text NOT NULL,
    -- Auto Scaling's, such as InService; none where it is in none of our groups.
    lifecycle    text,
    is_protected boolean NOT NULL DEFAULT false,
    seen_at      timestamptz NOT NULL DEFAULT now()
);

-- What a person should know. A row goes when it is no longer so.
CREATE TABLE finding (
    kind       text NOT NULL,
    -- The host, zone or group.
    subject    text NOT NULL,
    group_name text,
    detail     text NOT NULL,
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, subject)
);

-- A host that AWS has and whose agent has not enrolled has no time of that.
ALTER TABLE sandbox ALTER COLUMN enrolled_at DROP NOT NULL;

ALTER TABLE fleet_order DROP CONSTRAINT fleet_order_action_check;
ALTER TABLE fleet_order ADD CONSTRAINT fleet_order_action_check
    CHECK (action IN ('drain', 'resume', 'restartRuntime', 'restartServices', 'hold', 'decommission'));
ALTER TABLE fleet_order
    -- When the host said that it has drained, where more follows.
    ADD COLUMN drained_at timestamptz,
    -- Of a decommission: whether the group replaces the host.
    ADD COLUMN is_replaced boolean,
    -- Of a decommission: when AWS was asked last.
    ADD COLUMN called_at timestamptz,
    -- Of a hold: when the protection was set, and when it was taken off again.
    ADD COLUMN protected_at timestamptz,
    ADD COLUMN unprotected_at timestamptz;

-- The same as before, and hosts whose agent has not enrolled.
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
           greatest(0, extract(epoch FROM now() - CASE
               WHEN pulse.seen_at < up.started_at THEN up.started_at + interval '120 seconds'
               ELSE pulse.seen_at
           END))::double precision AS silence
    FROM sandbox
    LEFT JOIN pulse USING (instance_id)
    CROSS JOIN (SELECT max(started_at) AS started_at FROM ingest_up) AS up
) AS heard;

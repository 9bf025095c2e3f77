-- The registry of hosts, what they were ordered to do, and who ordered it.

-- A host: one instance. What AWS has signed or said of it.
CREATE TABLE sandbox (
    instance_id   text PRIMARY KEY,
    account       text NOT NULL,
    region        text NOT NULL,
    -- The Auto Scaling group: known from the first heartbeat on, or from AWS.
    group_name    text,
    zone          text NOT NULL,
    instance_type text NOT NULL,
    image_id      text NOT NULL,
    launched_at   timestamptz NOT NULL,
    enrolled_at   timestamptz NOT NULL DEFAULT now(),
    -- What its agent can be told to do.
    capabilities  text[] NOT NULL DEFAULT '{}',
    -- When AWS was seen not to have it any more.
    gone_at       timestamptz
);
CREATE INDEX sandbox_group ON sandbox (group_name) WHERE gone_at IS NULL;

-- An operator allows a host, or every host of a group, to enrol although its launch is long ago, or although its boot
-- is enrolled already. For a host it counts once.
CREATE TABLE release (
    target   text PRIMARY KEY,
    is_group boolean NOT NULL,
    until    timestamptz NOT NULL
);

-- A token of an instance's own. Several may be valid at a time: a response with a new one may be lost.
CREATE TABLE enrolment (
    token_hash   bytea PRIMARY KEY,
    instance_id  text NOT NULL REFERENCES sandbox,
    boot_id      text NOT NULL,
    issued_at    timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL
);
CREATE INDEX enrolment_instance ON enrolment (instance_id, boot_id);

-- The last heartbeat. No index on what changes with each, and room in each page, so that updates stay in it.
CREATE TABLE pulse (
    instance_id   text PRIMARY KEY REFERENCES sandbox,
    boot_id       text NOT NULL,
    seq           bigint NOT NULL,
    seen_at       timestamptz NOT NULL,
    status        text NOT NULL,
    cause         text NOT NULL,
    since         timestamptz NOT NULL,
    lifecycle     text,
    worker_id     text,
    active        integer NOT NULL,
    slots         integer NOT NULL,
    ads           text NOT NULL,
    agent_version text NOT NULL,
    kernel        text NOT NULL
) WITH (fillfactor = 50);

-- Each change of a host's status, for its timeline.
CREATE TABLE state_change (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    instance_id text NOT NULL REFERENCES sandbox,
    boot_id     text NOT NULL,
    seq         bigint NOT NULL,
    status      text NOT NULL,
    cause       text NOT NULL,
    since       timestamptz NOT NULL,
    heard_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (instance_id, boot_id, seq)
);

-- A session: one task under one lease.
CREATE TABLE session (
    instance_id text NOT NULL REFERENCES sandbox,
    lease_id    text NOT NULL,
    boot_id     text NOT NULL,
    task        text,
    started_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    -- finished, failed, abandoned, revoked; lost: its host is gone or booted again, and nobody can say.
    outcome     text CHECK (outcome IN ('finished', 'failed', 'abandoned', 'revoked', 'lost')),
    PRIMARY KEY (instance_id, lease_id),
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);
CREATE INDEX session_running ON session (instance_id) WHERE ended_at IS NULL;
CREATE INDEX session_started ON session (started_at);

-- An order for a host. At most one stands for each.
CREATE TABLE fleet_order (
    id              text PRIMARY KEY,
    instance_id     text NOT NULL REFERENCES sandbox,
    action          text NOT NULL CHECK (action IN ('drain', 'resume', 'restartRuntime', 'restartServices')),
    reason          text NOT NULL,
    ordered_by      text NOT NULL,
    ordered_at      timestamptz NOT NULL DEFAULT now(),
    deadline        timestamptz,
    expires_at      timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'pending'
                    CHECK (state IN ('pending', 'accepted', 'done', 'refused', 'failed', 'expired', 'superseded', 'cancelled')),
    detail          text,
    sent_at         timestamptz,
    acknowledged_at timestamptz,
    ended_at        timestamptz
);
CREATE UNIQUE INDEX fleet_order_standing ON fleet_order (instance_id) WHERE state IN ('pending', 'accepted');
CREATE INDEX fleet_order_instance ON fleet_order (instance_id, ordered_at);

-- Who may call the API.
CREATE TABLE api_token (
    id            text PRIMARY KEY,
    name          text NOT NULL,
    role          text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    hash          bytea NOT NULL UNIQUE,
    -- Works for clients of this machine only.
    loopback_only boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    expires_at    timestamptz,
    revoked_at    timestamptz
);

-- What instances show when they enrol: WORKER_API_KEY. Several may be valid, so that a rotation loses no host.
CREATE TABLE worker_key (
    id         text PRIMARY KEY,
    hash       bytea NOT NULL UNIQUE,
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_to   timestamptz,
    used_at    timestamptz
);

-- What people and programs did. Nothing changes a row or removes it.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor   text NOT NULL,
    role    text NOT NULL,
    address text NOT NULL,
    action  text NOT NULL,
    target  text NOT NULL,
    reason  text NOT NULL DEFAULT '',
    -- The act's own number: what was intended and what became of it are two rows with the same one.
    act     text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('intended', 'done', 'refused', 'failed')),
    detail  text NOT NULL DEFAULT ''
);
CREATE INDEX audit_target ON audit (target, at);

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the table audit is append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- When heartbeats could be heard: one row for each uninterrupted time. Silence counts only within it.
CREATE TABLE ingest_up (
    started_at timestamptz PRIMARY KEY,
    last_at    timestamptz NOT NULL
);

-- Each host with its last heartbeat.
--
-- `silence` is how many seconds it has been silent while it could have been heard. After an interruption of our own, the
-- longest pause of an agent's backoff (120 s) is added: it may wait that long before it tries again. `state` is what the
-- host said of itself, unless it is gone, has said nothing yet, or has been silent for more than 90 s.
CREATE VIEW sandboxes AS
SELECT *,
       CASE
           WHEN gone_at IS NOT NULL THEN 'gone'
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

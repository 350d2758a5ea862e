-- SQL that SQLite and PostgreSQL both accept. Types: TEXT, BIGINT, BOOLEAN, BYTEA. Times are microseconds since
-- the epoch; ids are made by Nimbus; `body` is the row as JSON, the columns beside it are what is asked for.

-- One row: where the control plane stands.
CREATE TABLE last_group (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    now BIGINT NOT NULL,
    round BIGINT NOT NULL,
    hashes TEXT NOT NULL,
    deliveries BIGINT NOT NULL,
    cursor BIGINT NOT NULL,
    outbox_seq BIGINT NOT NULL,
    event_seq BIGINT NOT NULL,
    decision_seq BIGINT NOT NULL
);
INSERT INTO last_group VALUES (1, 0, 0, 0, '[]', 0, 0, 0, 0, 0);

-- One row: who leads. Read in each transaction that writes.
CREATE TABLE leader_epoch (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch BIGINT NOT NULL,
    holder TEXT NOT NULL,
    acquired_at BIGINT NOT NULL
);
INSERT INTO leader_epoch VALUES (1, 0, '', 0);

-- At most one row: a cluster that can be played on.
CREATE TABLE cluster_state (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    cursor BIGINT NOT NULL,
    outbox_seq BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    bytes BYTEA NOT NULL
);

CREATE TABLE outbox (
    seq BIGINT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);

-- Rows that nobody but their machine asks for.
CREATE TABLE machine_rows (
    address BIGINT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (address, key)
);

CREATE TABLE organizations (
    no BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL,
    closed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX organizations_slug ON organizations (slug);

CREATE TABLE tenants (
    no BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org BIGINT NOT NULL,
    slug TEXT NOT NULL,
    search TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX tenants_org ON tenants (org);
CREATE INDEX tenants_slug ON tenants (slug, id);
CREATE INDEX tenants_created ON tenants (created_at, id);

CREATE TABLE tenant_labels (
    tenant BIGINT NOT NULL,
    label TEXT NOT NULL,
    PRIMARY KEY (label, tenant)
);
CREATE INDEX tenant_labels_tenant ON tenant_labels (tenant);

CREATE TABLE apps (
    no BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant BIGINT NOT NULL,
    slug TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX apps_tenant ON apps (tenant);
CREATE INDEX apps_slug ON apps (slug, id);
CREATE INDEX apps_created ON apps (created_at, id);

CREATE TABLE services (
    no BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    tenant BIGINT NOT NULL,
    app BIGINT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    gone BOOLEAN NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX services_tenant ON services (tenant);
CREATE INDEX services_app ON services (app);
CREATE INDEX services_slug ON services (slug, id);
CREATE INDEX services_name ON services (name);
CREATE INDEX services_created ON services (created_at, id);

CREATE TABLE revisions (
    service BIGINT NOT NULL,
    number BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (service, number)
);

CREATE TABLE rollouts (
    service BIGINT NOT NULL,
    number BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (service, number)
);

-- What the cluster reported of pods.
CREATE TABLE replicas (
    pod BIGINT NOT NULL PRIMARY KEY,
    service BIGINT NOT NULL,
    tenant BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    node BIGINT,
    pending_at BIGINT NOT NULL,
    bound_at BIGINT,
    ready_at BIGINT,
    finished_at BIGINT,
    reason TEXT
);
CREATE INDEX replicas_service ON replicas (service, pod);
CREATE INDEX replicas_finished ON replicas (finished_at);

CREATE TABLE nodes (
    no BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    pool BIGINT,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX nodes_name ON nodes (name);

CREATE TABLE usage_intervals (
    pod BIGINT NOT NULL PRIMARY KEY,
    tenant BIGINT NOT NULL,
    service BIGINT NOT NULL,
    spec BIGINT NOT NULL,
    start_s BIGINT NOT NULL,
    end_s BIGINT
);
CREATE INDEX usage_intervals_tenant ON usage_intervals (tenant);

CREATE TABLE usage_windows (
    tenant BIGINT NOT NULL,
    link BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, link)
);

CREATE TABLE invoices (
    number BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    org BIGINT NOT NULL,
    state TEXT NOT NULL,
    period_from BIGINT NOT NULL,
    period_to BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX invoices_org ON invoices (org);

CREATE TABLE decisions (
    seq BIGINT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    made_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    tenant BIGINT,
    service BIGINT,
    body TEXT NOT NULL
);
CREATE INDEX decisions_tenant ON decisions (tenant, seq);
CREATE INDEX decisions_service ON decisions (service, seq);

CREATE TABLE events (
    seq BIGINT NOT NULL PRIMARY KEY,
    happened_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    tenant BIGINT,
    subject TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX events_tenant ON events (tenant, seq);
CREATE INDEX events_subject ON events (subject, seq);

-- Entries are linked per chain: a tenant's ordinal, or -1 for the platform.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    chain BIGINT NOT NULL,
    done_at BIGINT NOT NULL,
    principal TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    body TEXT NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX audit_chain ON audit (chain, seq);

-- The heads, so that a cut at the end shows.
CREATE TABLE audit_chains (
    chain BIGINT NOT NULL PRIMARY KEY,
    entries BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE TABLE idempotency (
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    reply TEXT NOT NULL,
    operation TEXT,
    status BIGINT,
    body TEXT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_expires ON idempotency (expires_at);

CREATE TABLE operations (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    tenant BIGINT,
    started_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX operations_started ON operations (started_at, id);
CREATE INDEX operations_target ON operations (target);

CREATE TABLE dead_letters (
    id TEXT NOT NULL PRIMARY KEY,
    died_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE api_keys (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    subject TEXT NOT NULL,
    tenant BIGINT,
    org BIGINT,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX api_keys_subject ON api_keys (subject);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    email TEXT UNIQUE,
    body TEXT NOT NULL
);

CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE token_versions (
    principal TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

CREATE TABLE denied_tokens (
    jti TEXT NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL
);

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE policies (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    level TEXT NOT NULL,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, level, scope, name, policy_version)
);

CREATE TABLE scenarios (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    word TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    word TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE reports (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    word TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    body TEXT NOT NULL
);

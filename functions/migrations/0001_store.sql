-- One schema for SQLite and PostgreSQL. Times are microseconds since 1970 (UTC); ids are lower-case text; JSON is text.
-- Primary keys end in the subscription, so that a store that is spread over machines can be partitioned by it.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE sweeps (
    name TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE TABLE policies (
    vm TEXT NOT NULL,
    subscription TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (vm, subscription)
);

CREATE INDEX policies_by_subscription ON policies (subscription, vm);

-- The grant without its leases, which are rows of their own.
CREATE TABLE grants (
    id TEXT NOT NULL,
    subscription TEXT NOT NULL,
    requester_id TEXT NOT NULL,
    admitted_at BIGINT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (id, subscription)
);

CREATE INDEX grants_by_requester ON grants (requester_id, admitted_at, id);

-- expires_at is rounded up, so that nothing is due before its time.
CREATE TABLE leases (
    id TEXT NOT NULL,
    subscription TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    vm TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'open', 'closed')),
    expires_at BIGINT NOT NULL,
    ends_as TEXT NOT NULL CHECK (ends_as IN ('expired', 'revoked', 'superseded', 'failed')),
    admitted_at BIGINT NOT NULL,
    requester TEXT NOT NULL,
    data TEXT NOT NULL,
    trouble TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (id, subscription)
);

CREATE INDEX leases_by_grant ON leases (grant_id, ordinal);
CREATE INDEX leases_by_end ON leases (state, expires_at);
CREATE INDEX leases_by_subscription ON leases (subscription, state);
CREATE INDEX leases_by_vm ON leases (vm, state);
CREATE INDEX leases_by_use ON leases (subscription, vm, admitted_at);

CREATE TABLE idempotency (
    requester_id TEXT NOT NULL,
    name TEXT NOT NULL,
    subscription TEXT NOT NULL,
    body_hash TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    admitted_at BIGINT NOT NULL,
    PRIMARY KEY (requester_id, name)
);

CREATE INDEX idempotency_by_age ON idempotency (subscription, admitted_at);

CREATE TABLE audit (
    subscription TEXT NOT NULL,
    seq BIGINT NOT NULL CHECK (seq > 0),
    at BIGINT NOT NULL,
    vm TEXT,
    entry TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (subscription, seq)
);

CREATE INDEX audit_by_time ON audit (subscription, at, seq);
CREATE INDEX audit_by_vm ON audit (vm, at, seq);

CREATE TABLE subscriptions (
    subscription TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE machines (
    vm TEXT NOT NULL,
    subscription TEXT NOT NULL,
    data TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (vm, subscription)
);

CREATE INDEX machines_by_subscription ON machines (subscription, vm);

CREATE TABLE observations (
    nsg TEXT NOT NULL,
    subscription TEXT NOT NULL,
    data TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (nsg, subscription)
);

CREATE INDEX observations_by_subscription ON observations (subscription, nsg);

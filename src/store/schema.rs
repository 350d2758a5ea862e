//! The tables, as the migrations make them; a test compares the two on both databases.

diesel::table! {
    last_group (one) {
        one -> BigInt,
        number -> BigInt,
        now -> BigInt,
        round -> BigInt,
        hashes -> Text,
        deliveries -> BigInt,
        cursor -> BigInt,
        outbox_seq -> BigInt,
        event_seq -> BigInt,
        decision_seq -> BigInt,
    }
}

diesel::table! {
    leader_epoch (one) {
        one -> BigInt,
        epoch -> BigInt,
        holder -> Text,
        acquired_at -> BigInt,
    }
}

diesel::table! {
    cluster_state (one) {
        one -> BigInt,
        cursor -> BigInt,
        outbox_seq -> BigInt,
        saved_at -> BigInt,
        bytes -> Binary,
    }
}

diesel::table! {
    outbox (seq) {
        seq -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    machine_rows (address, key) {
        address -> BigInt,
        key -> Text,
        body -> Text,
    }
}

diesel::table! {
    organizations (no) {
        no -> BigInt,
        id -> Text,
        slug -> Text,
        closed -> Bool,
        created_at -> BigInt,
        updated_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    tenants (no) {
        no -> BigInt,
        id -> Text,
        org -> BigInt,
        slug -> Text,
        search -> Text,
        status -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    tenant_labels (label, tenant) {
        tenant -> BigInt,
        label -> Text,
    }
}

diesel::table! {
    apps (no) {
        no -> BigInt,
        id -> Text,
        tenant -> BigInt,
        slug -> Text,
        gone -> Bool,
        status -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    services (no) {
        no -> BigInt,
        id -> Text,
        tenant -> BigInt,
        app -> BigInt,
        slug -> Text,
        name -> Text,
        gone -> Bool,
        status -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    revisions (service, number) {
        service -> BigInt,
        number -> BigInt,
        id -> Text,
        created_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    rollouts (service, number) {
        service -> BigInt,
        number -> BigInt,
        id -> Text,
        state -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    replicas (pod) {
        pod -> BigInt,
        service -> BigInt,
        tenant -> BigInt,
        revision -> BigInt,
        node -> Nullable<BigInt>,
        pending_at -> BigInt,
        bound_at -> Nullable<BigInt>,
        ready_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    nodes (no) {
        no -> BigInt,
        name -> Text,
        pool -> Nullable<BigInt>,
        state -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    usage_intervals (pod) {
        pod -> BigInt,
        tenant -> BigInt,
        service -> BigInt,
        spec -> BigInt,
        start_s -> BigInt,
        end_s -> Nullable<BigInt>,
    }
}

diesel::table! {
    usage_windows (tenant, link) {
        tenant -> BigInt,
        link -> BigInt,
        first_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    invoices (number) {
        number -> BigInt,
        id -> Text,
        org -> BigInt,
        state -> Text,
        period_from -> BigInt,
        period_to -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    decisions (seq) {
        seq -> BigInt,
        id -> Text,
        made_at -> BigInt,
        kind -> Text,
        tenant -> Nullable<BigInt>,
        service -> Nullable<BigInt>,
        body -> Text,
    }
}

diesel::table! {
    events (seq) {
        seq -> BigInt,
        happened_at -> BigInt,
        kind -> Text,
        tenant -> Nullable<BigInt>,
        subject -> Text,
        body -> Text,
    }
}

diesel::table! {
    audit (seq) {
        seq -> BigInt,
        chain -> BigInt,
        done_at -> BigInt,
        principal -> Text,
        action -> Text,
        target -> Text,
        body -> Text,
        prev_hash -> Text,
        hash -> Text,
    }
}

diesel::table! {
    audit_chains (chain) {
        chain -> BigInt,
        entries -> BigInt,
        hash -> Text,
    }
}

diesel::table! {
    idempotency (principal, key) {
        principal -> Text,
        key -> Text,
        request_hash -> Text,
        reply -> Text,
        operation -> Nullable<Text>,
        status -> Nullable<BigInt>,
        body -> Nullable<Text>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    operations (id) {
        id -> Text,
        kind -> Text,
        target -> Text,
        tenant -> Nullable<BigInt>,
        started_by -> Text,
        started_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    dead_letters (id) {
        id -> Text,
        died_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        hash -> Text,
        subject -> Text,
        tenant -> Nullable<BigInt>,
        org -> Nullable<BigInt>,
        name -> Text,
        created_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        username -> Text,
        email -> Nullable<Text>,
        body -> Text,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        created_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    token_versions (principal) {
        principal -> Text,
        version -> BigInt,
    }
}

diesel::table! {
    denied_tokens (jti) {
        jti -> Text,
        ends_at -> BigInt,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    policies (id) {
        id -> Text,
        kind -> Text,
        level -> Text,
        scope -> Text,
        name -> Text,
        policy_version -> BigInt,
        state -> Text,
        created_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    scenarios (id) {
        id -> Text,
        owner -> Text,
        word -> Text,
        created_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    runs (id) {
        id -> Text,
        owner -> Text,
        word -> Text,
        created_at -> BigInt,
        body -> Text,
    }
}

diesel::table! {
    reports (id) {
        id -> Text,
        owner -> Text,
        word -> Text,
        created_at -> BigInt,
        body -> Text,
    }
}

// subqueries name tables of each other
diesel::allow_tables_to_appear_in_same_query!(
    api_keys,
    apps,
    audit,
    audit_chains,
    decisions,
    events,
    operations,
    organizations,
    rollouts,
    services,
    tenant_labels,
    tenants,
);

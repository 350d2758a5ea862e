//! Questions of the API: what is found, in which order, and what stays hidden.

use nimbus_core::ids::{NodeNo, OrgNo, PodNo, ServiceNo, TenantNo};
use nimbus_core::store::StoreError;
use nimbus_core::store::billing::Questions as _;
use nimbus_core::tenant::Status;
use nimbus_core::time::Time;
use nimbus_core::workload::{AppStatus, ServiceStatus};

use super::{audited, group};
use crate::store::bed::{Bed, START, event, sqlite};
use crate::store::postgres::Postgres;
use crate::store::*;

both! {
    tenants_are_found_by_id_slug_label_state_and_text;
    services_show_state_revision_and_rollout;
    replicas_follow_what_the_cluster_reports;
    events_go_on_behind_a_place;
    keys_people_and_settings_are_kept;
    nobody_sees_what_belongs_to_others;
    ten_thousand_rows_are_paged_without_a_gap;
    billing_is_asked_for_one_organization;
    policies_scenarios_and_runs_are_kept;
    decisions_find_the_tenant_of_their_service;
}

fn slugs(store: &Store, filter: &TenantFilter) -> Vec<String> {
    let page = Page::first(100).sorted(By::Name, false);
    let found = store.tenants(&Visible::All, filter, &page).unwrap();
    let slugs = found
        .items
        .iter()
        .map(|found| found.row.row.slug.to_string());
    slugs.collect()
}

/// All ids of a list, page by page.
fn walk(store: &Store, filter: &TenantFilter, first: Page) -> Vec<(Time, String, String)> {
    let mut found = Vec::new();
    let mut page = first;
    loop {
        let listed = store.tenants(&Visible::All, filter, &page).unwrap();
        found.extend(listed.items.iter().map(|found| {
            let row = &found.row.row;
            (found.created_at, row.slug.to_string(), row.id.to_string())
        }));
        let Some(next) = listed.next else {
            return found;
        };
        page = page.behind(next);
    }
}

fn tenants_are_found_by_id_slug_label_state_and_text(store: &Store) {
    let mut bed = Bed::new();
    bed.tenant(0, "acme", None, &[("tier", "gold"), ("env", "prod")]);
    bed.tenant(1, "acme-2", None, &[("tier", "gold")]);
    bed.tenant(2, "zeta", None, &[("tier", "iron")]);
    bed.keep(store);
    bed.tell(nimbus_core::tenant::Input::Suspend {
        tenant: TenantNo(2),
        reason: None,
    });
    bed.keep(store);
    let found = store.tenant(&Visible::All, "acme").unwrap().unwrap();
    assert_eq!(found.row.no, TenantNo(0));
    assert_eq!(found.created_at, Time(START.0 + 1_000_000));
    let id = found.row.row.id.to_string();
    assert_eq!(store.tenant(&Visible::All, &id).unwrap().unwrap(), found);
    assert_eq!(store.tenant_by_no(TenantNo(0)).unwrap().unwrap(), found);
    let changed = store.tenant(&Visible::All, "zeta").unwrap().unwrap();
    assert!(changed.updated_at > changed.created_at);
    let label = |labels: &[&str]| TenantFilter {
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        ..TenantFilter::default()
    };
    assert_eq!(slugs(store, &label(&["tier=gold"])), ["acme", "acme-2"]);
    assert_eq!(slugs(store, &label(&["tier=gold", "env=prod"])), ["acme"]);
    let suspended = TenantFilter {
        status: Some(Status::Suspended),
        ..TenantFilter::default()
    };
    assert_eq!(slugs(store, &suspended), ["zeta"]);
    let text = TenantFilter {
        text: Some("The ACME".to_owned()),
        ..TenantFilter::default()
    };
    assert_eq!(slugs(store, &text), ["acme", "acme-2"]);
    let of_org = TenantFilter {
        org: Some(found.row.row.org),
        ..TenantFilter::default()
    };
    assert_eq!(slugs(store, &of_org), ["acme"]);
}

fn services_show_state_revision_and_rollout(store: &Store) {
    let mut bed = Bed::new();
    let tenant = bed.tenant(0, "acme", None, &[]);
    bed.service(tenant, "shop", "web");
    bed.keep(store);
    bed.deploy(tenant, "shop", "web", "nginx:2");
    bed.keep(store);
    let found = store.service(&Visible::All, "shop-web").unwrap().unwrap();
    let row = &found.row;
    assert_eq!(row.revision.as_ref().unwrap().number, 2);
    assert_eq!(row.rollout.as_ref().unwrap().revision, 2);
    assert_eq!(row.status, bed.service_status(0));
    assert_eq!(&*row.app_slug, "shop");
    let status = nimbus_core::cluster::DeploymentStatus {
        generation: row.row.generation,
        updated: 2,
        ready: 2,
        updated_ready: 2,
        total: 2,
        terminating: 0,
    };
    bed.tell(nimbus_core::workload::Input::Deployment {
        service: ServiceNo(0),
        status,
    });
    bed.keep(store);
    let found = store.service_by_no(ServiceNo(0)).unwrap().unwrap();
    assert_eq!(found.row.status, ServiceStatus::Ready);
    assert_eq!(found.row.observed, status);
    let id = found.row.rollout.as_ref().unwrap().id;
    let rollout = store.rollout(&Visible::All, id).unwrap().unwrap();
    assert_eq!(Some(rollout.row), found.row.rollout);
    assert_eq!(
        store.rollout(&Visible::Tenant(TenantNo(9)), id).unwrap(),
        None
    );
    let newest = Page::first(1).sorted(By::CreatedAt, true);
    let revisions = store.revisions(ServiceNo(0), &newest).unwrap();
    assert_eq!(revisions.items[0].number, 2);
    let next = newest.behind(revisions.next.unwrap());
    let revisions = store.revisions(ServiceNo(0), &next).unwrap();
    assert_eq!((revisions.items[0].number, revisions.next), (1, None));
    let ready = AppFilter {
        status: Some(AppStatus::Ready),
        ..AppFilter::default()
    };
    let apps = store.apps(&Visible::All, &ready, &Page::first(5)).unwrap();
    assert_eq!(apps.items[0].row.services[0].status, ServiceStatus::Ready);
    assert_eq!(
        store.app(&Visible::All, "shop").unwrap().unwrap(),
        apps.items[0]
    );
}

fn replicas_follow_what_the_cluster_reports(store: &Store) {
    use nimbus_core::cluster::Finish;
    let (service, tenant) = (ServiceNo(4), TenantNo(2));
    let pending = ReplicaChange::Pending {
        first: PodNo(10),
        count: 3,
        service,
        tenant,
        revision: 2,
    };
    let bound = |pod, node| ReplicaChange::Bound {
        pod: PodNo(pod),
        node: NodeNo(node),
        service,
        tenant,
    };
    let commit = Commit {
        replicas: vec![pending.clone(), bound(10, 1)],
        ..group(1, Vec::new())
    };
    store.commit(&commit).unwrap();
    let commit = Commit {
        now: Time(START.0 + 5),
        replicas: vec![
            pending,
            bound(11, 0),
            ReplicaChange::Ready { pod: PodNo(10) },
            ReplicaChange::Ready { pod: PodNo(99) },
            ReplicaChange::Finished {
                pod: PodNo(11),
                why: Finish::NodeLost,
            },
        ],
        ..group(2, Vec::new())
    };
    store.commit(&commit).unwrap();
    let found = store.replicas(service, &Page::first(10)).unwrap().items;
    let phases: Vec<_> = found.iter().map(|row| (row.pod.0, row.phase)).collect();
    let expected = [
        (10, Phase::Ready),
        (11, Phase::Finished),
        (12, Phase::Pending),
    ];
    assert_eq!(phases, expected);
    assert_eq!(found[0].node, Some(NodeNo(1)));
    assert_eq!(found[0].bound_at, Some(START));
    assert_eq!(
        found[1].finished,
        Some((Time(START.0 + 5), Finish::NodeLost))
    );
    assert_eq!(found[2].revision, 2);
}

fn events_go_on_behind_a_place(store: &Store) {
    let tenant = Some(TenantNo(1));
    let commit = Commit {
        events: vec![
            event("tenant.created", tenant, 1),
            event("service.created", tenant, 2),
            event("service.scaled", None, 3),
        ],
        ..group(1, Vec::new())
    };
    assert_eq!(store.commit(&commit).unwrap().first_event_seq, 1);
    let since = |visible: &Visible, kind: &str, after| {
        let filter = EventFilter {
            kind: Some(kind.to_owned()).filter(|kind| !kind.is_empty()),
            ..EventFilter::default()
        };
        match store.events_since(visible, &filter, after, 10).unwrap() {
            EventsSince::Rows(rows) => rows.iter().map(|row| row.seq).collect::<Vec<_>>(),
            EventsSince::Gone { oldest } => vec![-oldest],
        }
    };
    assert_eq!(since(&Visible::All, "", 0), [1, 2, 3]);
    assert_eq!(since(&Visible::All, "service.", 0), [2, 3]);
    assert_eq!(since(&Visible::All, "service.scaled", 2), [3]);
    assert_eq!(since(&Visible::Tenant(TenantNo(1)), "", 1), [2]);
    // eight days later the old ones are forgotten, and asking behind them says so
    for number in 2..=130 {
        let later = Commit {
            now: Time(START.0 + 8 * 24 * 3_600 * 1_000_000),
            events: vec![EventRow {
                time: Time(START.0 + 8 * 24 * 3_600 * 1_000_000),
                ..event("later", None, u128::from(number) + 10)
            }],
            ..group(number, Vec::new())
        };
        store.commit(&later).unwrap();
    }
    assert_eq!(since(&Visible::All, "", 1), [-4]);
    assert_eq!(since(&Visible::All, "", 3)[..2], [4, 5]);
}

fn keys_people_and_settings_are_kept(store: &Store) {
    use nimbus_core::ids::{KeyId, UserId};
    let key = ApiKeyRow {
        id: KeyId(1),
        subject: Subject::Tenant(TenantNo(3)),
        role: None,
        kind: "bearer".into(),
        name: "ci".into(),
        prefix: "nbk_ab".into(),
        hash: "00".into(),
        scopes: vec!["tenants:read".into()],
        created_at: START,
        created_by: "admin".into(),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    };
    store.put_api_key(&key).unwrap();
    store.touch_api_key(KeyId(1), Time(5)).unwrap();
    store.touch_api_key(KeyId(2), Time(5)).unwrap();
    let found = store.api_key_by_hash("00").unwrap().unwrap();
    assert_eq!(found.last_used_at, Some(Time(5)));
    let same_hash = ApiKeyRow {
        id: KeyId(9),
        ..key
    };
    let refused = store.put_api_key(&same_hash).unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    let page = Page::first(5);
    let keys = |visible| store.api_keys(&visible, None, &page).unwrap().items.len();
    assert_eq!(keys(Visible::Tenant(TenantNo(3))), 1);
    assert_eq!(keys(Visible::Tenant(TenantNo(4))), 0);
    assert_eq!(keys(Visible::Orgs(vec![OrgNo(3)])), 0);

    let user = UserRow {
        id: UserId(1),
        username: "ann".into(),
        email: "ann@example.com".into(),
        password_hash: None,
        platform_admin: false,
        roles: vec![(OrgNo(0), "org_owner".into())],
        created_at: START,
        disabled_at: None,
    };
    store.put_user(&user).unwrap();
    assert_eq!(
        store.user_by_name("ann@example.com").unwrap(),
        Some(user.clone())
    );
    assert_eq!(store.users(&page).unwrap().items, [user]);

    assert_eq!(store.raise_token_version("admin").unwrap(), 1);
    assert_eq!(store.raise_token_version("admin").unwrap(), 2);
    assert_eq!(store.token_version("admin").unwrap(), 2);
    store.deny_token("j", Time(10)).unwrap();
    assert_eq!(
        store.denied_tokens(Time(9)).unwrap(),
        [("j".to_owned(), Time(10))]
    );
    assert_eq!(store.denied_tokens(Time(10)).unwrap(), []);
    assert!(store.claim_setting("origin", "1").unwrap());
    assert!(!store.claim_setting("origin", "2").unwrap());
    assert_eq!(store.setting("origin").unwrap().as_deref(), Some("1"));
    store.put_setting("origin", "3").unwrap();
    assert_eq!(store.setting("origin").unwrap().as_deref(), Some("3"));
}

fn nobody_sees_what_belongs_to_others(store: &Store) {
    let mut bed = Bed::new();
    for (no, slug) in [(0, "acme"), (1, "zeta")] {
        let tenant = bed.tenant(no, slug, None, &[]);
        bed.service(tenant, slug, "web");
    }
    let mut commit = bed.commit(0);
    commit.events = vec![event("x", Some(TenantNo(0)), 1), event("x", None, 2)];
    commit.audit = vec![audited(Some(TenantNo(0)), "a"), audited(None, "b")];
    store.commit(&commit).unwrap();
    let acme = store.tenant(&Visible::All, "acme").unwrap().unwrap().row;
    let page = Page::first(10);
    for own in [Visible::Tenant(acme.no), Visible::Orgs(vec![acme.row.org])] {
        let tenants = store
            .tenants(&own, &TenantFilter::default(), &page)
            .unwrap();
        assert_eq!(tenants.items.len(), 1);
        let orgs = store.orgs(&own, None, &page).unwrap();
        assert_eq!(orgs.items.len(), 1);
        let apps = store.apps(&own, &AppFilter::default(), &page).unwrap();
        assert_eq!(apps.items.len(), 1);
        let services = store
            .services(&own, &ServiceFilter::default(), &page)
            .unwrap();
        assert_eq!(services.items.len(), 1);
        for other in ["zeta", "zeta-web"] {
            assert_eq!(store.tenant(&own, other).unwrap(), None);
            assert_eq!(store.app(&own, other).unwrap(), None);
            assert_eq!(store.service(&own, other).unwrap(), None);
        }
        let events = store.events(&own, &EventFilter::default(), &page).unwrap();
        assert_eq!(events.items.len(), 1);
        let audit = store.audit(&own, &AuditFilter::default(), &page).unwrap();
        assert_eq!(audit.items.len(), 1);
    }
    // both tenants have a service `web`: for who sees both, the slug names neither
    assert_eq!(store.service(&Visible::All, "web").unwrap(), None);
    let own = Visible::Tenant(acme.no);
    assert!(store.service(&own, "web").unwrap().is_some());
}

fn ten_thousand_rows_are_paged_without_a_gap(store: &Store) {
    const ROWS: u32 = 10_000;
    let mut bed = Bed::new();
    for no in 0..ROWS {
        let label = if no % 10 == 0 { "gold" } else { "iron" };
        bed.tenant(
            no,
            &format!("t{}", no * 7_919 % ROWS),
            None,
            &[("tier", label)],
        );
        if no % 1_000 == 999 {
            bed.keep(store); // a thousand with equal times: the id breaks ties
        }
    }
    let all = TenantFilter::default();
    let by_time = walk(store, &all, Page::first(333));
    assert_eq!(by_time.len(), 10_000);
    let pairs = by_time.windows(2);
    let less = |a: &(Time, String, String), b: &(Time, String, String)| (a.0, &a.2) < (b.0, &b.2);
    assert!(pairs.into_iter().all(|pair| less(&pair[0], &pair[1])));
    let by_name = walk(store, &all, Page::first(500).sorted(By::Name, false));
    assert!(by_name.windows(2).all(|pair| pair[0].1 < pair[1].1));
    let mut downwards = walk(store, &all, Page::first(499).sorted(By::Name, true));
    downwards.reverse();
    assert_eq!(by_name, downwards);
    let gold = TenantFilter {
        labels: vec!["tier=gold".to_owned()],
        ..TenantFilter::default()
    };
    assert_eq!(walk(store, &gold, Page::first(100)).len(), 1_000);
    let wrong = Page::first(5).behind(Position {
        key: Value::Text("x".to_owned()),
        id: String::new(),
    });
    let refused = store.tenants(&Visible::All, &all, &wrong).unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
}

fn billing_is_asked_for_one_organization(store: &Store) {
    use nimbus_core::billing::{Billing, Config};
    use nimbus_core::machine::Outbox;
    let mut bed = Bed::new();
    for (no, slug) in [(0, "acme"), (1, "zeta")] {
        let tenant = bed.tenant(no, slug, None, &[]);
        bed.service(tenant, "shop", "web");
    }
    bed.keep(store);
    let all = store.billing_rows().unwrap();
    let org = store
        .tenant(&Visible::All, "zeta")
        .unwrap()
        .unwrap()
        .row
        .row
        .org;
    let rows = store.billing_rows_of(org).unwrap();
    assert!(!rows.is_empty() && rows.len() < all.len());
    assert!(rows.iter().all(|row| all.contains(row)));
    let machine = Billing::restore(Config::default(), rows, START, &mut Outbox::default());
    let metered = machine.metered(START);
    assert_eq!(metered.len(), 1);
    assert_eq!(metered[0].tenant, TenantNo(1));
}

fn policies_scenarios_and_runs_are_kept(store: &Store) {
    use nimbus_core::ids::{PolicyId, RunId, ScenarioId};
    let policy = |id, version| PolicyRow {
        id: PolicyId(id),
        kind: "autoscale".into(),
        name: "web".into(),
        policy_version: version,
        level: "platform".into(),
        scope: "".into(),
        state: "draft".into(),
        hash: "00".into(),
        params: "{}".to_owned(),
        created_by: "admin".into(),
        created_at: START,
    };
    store.put_policies(&[policy(1, 1), policy(2, 2)]).unwrap();
    let refused = store
        .put_policies(&[policy(3, 3), policy(4, 2)])
        .unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    assert_eq!(store.policy(PolicyId(3)).unwrap(), None);
    let filter = PolicyFilter {
        name: Some("web".to_owned()),
        ..PolicyFilter::default()
    };
    let found = store.policies(&filter, &Page::first(1)).unwrap();
    let next = Page::first(1).behind(found.next.unwrap());
    let second = store.policies(&filter, &next).unwrap();
    assert_eq!(
        (
            found.items[0].policy_version,
            second.items[0].policy_version
        ),
        (1, 2)
    );

    let scenario = ScenarioRow {
        id: ScenarioId(1),
        name: "flap".into(),
        hash: "00".into(),
        by: "admin".into(),
        toml: "[scenario]".to_owned(),
        data: "{}".to_owned(),
        version: 1,
        created_at: START,
    };
    store.put_scenario(&scenario).unwrap();
    assert_eq!(store.scenario(ScenarioId(1)).unwrap(), Some(scenario));
    assert!(store.drop_scenario(ScenarioId(1)).unwrap());
    assert!(!store.drop_scenario(ScenarioId(1)).unwrap());
    let run = |id, state: &str| RunRow {
        id: RunId(id),
        scenario: None,
        state: state.into(),
        by: "admin".into(),
        data: "{}".to_owned(),
        created_at: START,
    };
    store.put_run(&run(1, "queued")).unwrap();
    store.put_run(&run(2, "queued")).unwrap();
    store.put_run(&run(1, "done")).unwrap();
    let done = LabFilter {
        word: Some("done".to_owned()),
        ..LabFilter::default()
    };
    let found = store.runs(&done, &Page::first(9)).unwrap();
    assert_eq!(found.items, [run(1, "done")]);
}

fn decisions_find_the_tenant_of_their_service(store: &Store) {
    use nimbus_core::explain::{Decision, Scale, ScaleReason};
    use nimbus_core::ids::DecisionId;
    let mut bed = Bed::new();
    let tenant = bed.tenant(0, "acme", None, &[]);
    bed.service(tenant, "shop", "web");
    let mut commit = bed.commit(0);
    let scale = |id, service| DecisionRow {
        id: DecisionId(id),
        time: START,
        group: 1,
        decision: Decision::Scale(Scale {
            service: ServiceNo(service),
            from: 1,
            to: 2,
            reason: ScaleReason::AboveUp,
            used_m: Some(1),
            requested_m: 1,
        }),
    };
    commit.decisions = vec![scale(1, 0), scale(2, 77)];
    store.commit(&commit).unwrap();
    let own = Visible::Tenant(tenant);
    let page = Page::first(9);
    let filter = DecisionFilter {
        kind: Some(DecisionKind::Scale),
        ..DecisionFilter::default()
    };
    let found = store.decisions(&own, &filter, &page).unwrap();
    assert_eq!(found.items, [scale(1, 0)]);
    let found = store.decisions(&Visible::All, &filter, &page).unwrap();
    assert_eq!(found.items.len(), 2);
    assert_eq!(store.decision(&own, DecisionId(2)).unwrap(), None);
}

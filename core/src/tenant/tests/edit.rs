//! Editing a tenant, its labels, and the version that guards a change.

use super::*;

fn edit(edit: TenantEdit) -> Input {
    Input::Edit {
        tenant: ACME,
        edit: Arc::new(edit),
    }
}

fn expect(version: u32, then: Input) -> Input {
    Input::Expect {
        tenant: ACME,
        version,
        then: Box::new(then),
    }
}

fn labels(pairs: &[(&str, &str)]) -> Labels {
    let pair = |&(key, value): &(&str, &str)| (key.into(), value.into());
    pairs.iter().map(pair).collect()
}

fn row(rig: &Rig) -> crate::store::tenant::TenantRow {
    match rig.rows.get(&Key::Tenant(ACME)) {
        Some(Row::Tenant(_, row)) => crate::store::tenant::TenantRow::clone(row),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_edit_changes_all_that_it_names_with_one_record() {
    let mut rig = Rig::active();
    let before = row(&rig).version;
    let effects = rig.tell(edit(TenantEdit {
        name: Some("Acme Inc.".into()),
        labels: Some(labels(&[("team", "blue"), ("example.com/tier", "")])),
        isolation: Some(Isolation::Shared),
        quota: Some(amount(1_000, 1_024, 5)),
        force: false,
    }));
    assert_eq!(answer(&effects), Some(&Answer::Accepted(Status::Active)));
    assert_eq!(spaces(&effects)[0].quota, amount(1_000, 1_024, 5));
    let now = row(&rig);
    assert_eq!(now.version, before + 1);
    assert_eq!(
        (&*now.name, now.labels.len(), now.by_hand),
        ("Acme Inc.", 2, true)
    );
}

#[test]
fn an_edit_that_is_refused_in_one_part_changes_nothing() {
    let mut rig = Rig::active();
    rig.tell(reserve(ask(1_500, 64, 3)));
    let before = rig.machine.clone();
    let below = edit(TenantEdit {
        name: Some("other".into()),
        ..TenantEdit::quota(amount(1_000, 4_096, 10), false)
    });
    assert!(matches!(
        refusal(&rig.tell(below)),
        Some(Refusal::BelowUse(_))
    ));
    let tier = edit(TenantEdit {
        name: Some("other".into()),
        isolation: Some(Isolation::Dedicated),
        ..TenantEdit::default()
    });
    assert!(matches!(
        refusal(&rig.tell(tier)),
        Some(Refusal::Tier { .. })
    ));
    assert_eq!(rig.machine, before);
}

#[test]
fn an_edit_of_nothing_records_nothing() {
    let mut rig = Rig::active();
    let same = TenantEdit {
        name: Some("acme".into()),
        labels: Some(Labels::new()),
        ..TenantEdit::default()
    };
    for nothing in [TenantEdit::default(), same] {
        let effects = rig.tell(edit(nothing));
        assert_eq!(effects.len(), 1, "{effects:?}");
    }
}

#[test]
fn names_labels_and_reasons_out_of_range_are_refused() {
    let long = "x".repeat(101);
    let named = |name: &str| TenantEdit {
        name: Some(name.into()),
        ..TenantEdit::default()
    };
    let labelled = |pairs: &[(&str, &str)]| TenantEdit {
        labels: Some(labels(pairs)),
        ..TenantEdit::default()
    };
    let many: Labels = (0..65)
        .map(|n| (format!("k{n}").into(), "v".into()))
        .collect();
    let long_key = "k".repeat(64);
    let bad = [
        (named(""), "name"),
        (named(" \t"), "name"),
        (named("a\u{7}b"), "name"),
        (named(&long), "name"),
        (labelled(&[("", "v")]), "labels."),
        (labelled(&[("-a", "v")]), "labels.-a"),
        (labelled(&[("a b", "v")]), "labels.a b"),
        (labelled(&[("a", "v_")]), "labels.a"),
        (labelled(&[("A.com/x", "v")]), "labels.A.com/x"),
        (labelled(&[("/x", "v")]), "labels./x"),
        (
            labelled(&[("nimbus.io/tenant", "v")]),
            "labels.nimbus.io/tenant",
        ),
        (
            labelled(&[(&long_key, "v")]),
            &*format!("labels.{long_key}"),
        ),
        (
            TenantEdit {
                labels: Some(many),
                ..TenantEdit::default()
            },
            "labels",
        ),
    ]
    .map(|(bad, field)| (bad, field.to_owned()));
    let mut rig = Rig::active();
    for (bad, expected) in bad {
        let effects = rig.tell(edit(bad));
        let Some(Refusal::Invalid { field, .. }) = refusal(&effects) else {
            panic!("{expected}: {effects:?}");
        };
        assert_eq!(**field, *expected);
    }
    let effects = rig.tell(Input::Suspend {
        tenant: ACME,
        reason: Some("a\nb".into()),
    });
    assert!(
        matches!(refusal(&effects), Some(Refusal::Invalid { field, .. }) if &**field == "reason")
    );
}

#[test]
fn only_the_shown_name_may_change_before_and_after_activity() {
    let name = TenantEdit {
        name: Some("new".into()),
        ..TenantEdit::default()
    };
    let more = TenantEdit {
        labels: Some(labels(&[("a", "b")])),
        ..name.clone()
    };
    let mut rig = Rig::acme();
    assert!(matches!(
        refusal(&rig.tell(edit(more))),
        Some(Refusal::State { .. })
    ));
    assert!(answer(&rig.tell(edit(name.clone()))).is_some());
    rig.tell(Input::Delete { tenant: ACME });
    assert!(matches!(
        refusal(&rig.tell(edit(name))),
        Some(Refusal::State { .. })
    ));
}

#[test]
fn isolation_comes_from_the_plan_and_cannot_be_above_it() {
    let new = |isolation| {
        Input::Create(Arc::new(NewTenant {
            slug: "biz".into(),
            name: "Biz".into(),
            org: None,
            plan: PlanCode::Business,
            quota: None,
            isolation,
            labels: Labels::new(),
        }))
    };
    let mut rig = Rig::default();
    let refused = rig.tell(new(Some(Isolation::Dedicated)));
    assert!(matches!(refusal(&refused), Some(Refusal::Tier { .. })));
    rig.tell(new(None));
    assert_eq!(row(&rig).isolation, Isolation::Namespace);
}

#[test]
fn a_guard_lets_the_version_that_was_read_through_and_no_other() {
    let mut rig = Rig::active();
    let version = row(&rig).version;
    let suspend = Input::Suspend {
        tenant: ACME,
        reason: Some("unpaid".into()),
    };
    let stale = rig.tell(expect(version + 1, suspend.clone()));
    assert_eq!(refusal(&stale), Some(&Refusal::Stale { version }));
    let done = rig.tell(expect(version, suspend.clone()));
    assert_eq!(answer(&done), Some(&Answer::Accepted(Status::Suspended)));
    assert_eq!(row(&rig).suspend_reason.as_deref(), Some("unpaid"));
    let again = rig.tell(expect(version, suspend.clone()));
    let version = version + 1;
    assert_eq!(refusal(&again), Some(&Refusal::Stale { version }));
    rig.tell(expect(version, Input::Resume { tenant: ACME }));
    assert_eq!(row(&rig).suspend_reason, None);
    let nested = expect(version, expect(version, suspend));
    assert!(matches!(
        refusal(&rig.tell(nested)),
        Some(Refusal::Invalid { .. })
    ));
    let other = Input::Delete {
        tenant: TenantNo(1),
    };
    assert!(matches!(
        refusal(&rig.tell(expect(version, other))),
        Some(Refusal::Invalid { .. })
    ));
}

//! Random histories: invariants, the quota race, and the restore test.

use proptest::prelude::*;

use super::*;

/// A step of a random history; small numbers, so that they meet.
#[derive(Clone, Debug)]
enum Op {
    Tell(Input),
    /// Give back one of the reservations that stand.
    GiveBack(usize),
    Pass(Span),
}

fn any_ask() -> impl Strategy<Value = Ask> {
    (0u64..900, 0u64..900, 0u32..4, 0u32..2).prop_map(|(cpu, mib, pods, apps)| Ask {
        resources: amount(cpu, mib, pods),
        apps,
    })
}

fn any_plan() -> impl Strategy<Value = PlanCode> {
    prop::sample::select(PlanCode::ALL.to_vec())
}

fn any_quota() -> impl Strategy<Value = Resources> {
    (0u64..4_000, 0u64..4_000, 0u32..12).prop_map(|(cpu, mib, pods)| amount(cpu, mib, pods))
}

fn any_outside() -> impl Strategy<Value = Input> {
    let tenant = || (0u32..4).prop_map(TenantNo);
    let org = || (0u32..4).prop_map(OrgNo);
    let slug = || prop::sample::select(vec!["a", "b", "c", "kube-x"]).prop_map(Arc::<str>::from);
    let create = (
        slug(),
        prop::option::of(org()),
        any_plan(),
        prop::option::of(any_quota()),
    )
        .prop_map(|(slug, org, plan, quota)| {
            Input::Create(Arc::new(NewTenant {
                name: Arc::clone(&slug),
                slug,
                org,
                plan,
                quota,
                isolation: None,
                labels: Labels::new(),
            }))
        });
    prop_oneof![
        3 => create,
        1 => (slug(), any_plan()).prop_map(|(slug, plan)| Input::CreateOrg { slug, plan }),
        1 => (org(), any_plan()).prop_map(|(org, plan)| Input::SetPlan { org, plan }),
        2 => (tenant(), any_quota(), any::<bool>())
            .prop_map(|(tenant, quota, force)| Input::SetQuota { tenant, quota, force }),
        2 => any_edit(),
        1 => tenant().prop_map(|tenant| Input::Suspend { tenant, reason: None }),
        1 => tenant().prop_map(|tenant| Input::Resume { tenant }),
        1 => tenant().prop_map(|tenant| Input::Delete { tenant }),
    ]
}

fn any_edit() -> impl Strategy<Value = Input> {
    let edit = (
        prop::option::of(prop::sample::select(vec!["", "a", "b"]).prop_map(Arc::<str>::from)),
        prop::option::of(prop::sample::select(Isolation::ALL.to_vec())),
        prop::option::of(any_quota()),
        any::<bool>(),
    )
        .prop_map(|(name, isolation, quota, force)| TenantEdit {
            name,
            labels: None,
            isolation,
            quota,
            force,
        });
    (
        (0u32..4).prop_map(TenantNo),
        edit,
        prop::option::of(0u32..6),
    )
        .prop_map(|(tenant, edit, version)| {
            let edit = Input::Edit {
                tenant,
                edit: Arc::new(edit),
            };
            match version {
                None => edit,
                Some(version) => Input::Expect {
                    tenant,
                    version,
                    then: Box::new(edit),
                },
            }
        })
}

fn any_op() -> impl Strategy<Value = Op> {
    let tenant = || (0u32..4).prop_map(TenantNo);
    let failed = (tenant(), any::<bool>()).prop_map(|(tenant, retryable)| Input::SpaceFailed {
        tenant,
        retryable,
        reason: "no".into(),
    });
    let reserve = (tenant(), any_ask()).prop_map(|(tenant, ask)| Input::Reserve {
        tenant,
        ask,
        ticket: 1,
    });
    prop_oneof![
        4 => any_outside().prop_map(Op::Tell),
        3 => (tenant(), 1u128..3)
            .prop_map(|(tenant, uid)| Op::Tell(Input::SpaceReady { tenant, uid })),
        1 => failed.prop_map(Op::Tell),
        1 => tenant().prop_map(|tenant| Op::Tell(Input::SpaceGone { tenant })),
        1 => tenant().prop_map(|tenant| Op::Tell(Input::ChildrenGone { tenant })),
        6 => reserve.prop_map(Op::Tell),
        3 => any::<usize>().prop_map(Op::GiveBack),
        1 => (0i64..400).prop_map(|secs| Op::Pass(Span::from_secs(secs))),
    ]
}

/// Reservations that stand, kept apart from the machine.
#[derive(Clone, Default)]
struct Ledger(Vec<(TenantNo, Ask)>);

impl Ledger {
    fn of(&self, tenant: TenantNo) -> Ask {
        let mut sum = Ask::default();
        for (_, ask) in self.0.iter().filter(|(owner, _)| *owner == tenant) {
            sum.resources = sum.resources.checked_add(ask.resources).unwrap();
            sum.apps += ask.apps;
        }
        sum
    }

    /// Does one step; returns its effects.
    fn apply(&mut self, rig: &mut Rig, op: &Op) -> Vec<Effect> {
        match op {
            Op::Tell(input) => {
                let effects = rig.tell(input.clone());
                if let Input::Reserve { tenant, ask, .. } = input
                    && verdict(&effects).is_ok()
                {
                    self.0.push((*tenant, *ask));
                }
                let gone = |no| rig.machine.tenant(no).unwrap().status == Status::Gone;
                self.0.retain(|(tenant, _)| !gone(*tenant));
                effects
            }
            Op::GiveBack(_) if self.0.is_empty() => Vec::new(),
            Op::GiveBack(index) => {
                let (tenant, ask) = self.0.swap_remove(index % self.0.len());
                rig.tell(Input::Release { tenant, ask })
            }
            Op::Pass(span) => rig.pass(*span),
        }
    }
}

proptest! {
    #[test]
    fn no_history_raises_use_above_quota(ops in prop::collection::vec(any_op(), 1..120)) {
        let mut rig = Rig::default();
        let mut ledger = Ledger::default();
        for op in &ops {
            let before: Vec<Resources> = rig.machine.tenants().map(|t| t.used).collect();
            let apps_before: Vec<u32> = rig.machine.orgs().map(|org| org.apps).collect();
            ledger.apply(&mut rig, op);
            for tenant in rig.machine.tenants() {
                let stands = ledger.of(tenant.no);
                prop_assert_eq!((tenant.used, tenant.apps), (stands.resources, stands.apps));
                let was = before.get(tenant.no.index()).copied().unwrap_or_default();
                let grew = !tenant.used.fits(was);
                prop_assert!(!grew || tenant.used.fits(tenant.quota), "{:?} after {:?}", tenant, op);
            }
            for org in rig.machine.orgs() {
                let apps: u32 = rig.machine.tenants().filter(|t| t.org == org.no).map(|t| t.apps).sum();
                prop_assert_eq!(org.apps, apps);
                let grew = apps > apps_before.get(org.no.index()).copied().unwrap_or(0);
                let max = org.plan.plan().apps_max.unwrap_or(u32::MAX);
                prop_assert!(!grew || apps <= max);
            }
        }
    }

    #[test]
    fn reservations_of_one_instant_admit_exactly_what_fits(asks in prop::collection::vec(any_ask(), 1..60)) {
        let mut rig = Rig::active();
        let limit = PlanCode::Metered.plan().quota;
        let mut used = Resources::ZERO;
        for ask in asks {
            let sum = used.checked_add(ask.resources).unwrap();
            let fits = sum.fits(limit);
            prop_assert_eq!(verdict(&rig.tell(reserve(ask))).is_ok(), fits);
            if fits {
                used = sum;
            }
        }
        prop_assert_eq!(rig.machine.tenant(ACME).unwrap().used, used);
    }

    #[test]
    fn a_restored_machine_goes_on_as_the_one_that_ran(
        ops in prop::collection::vec(any_op(), 1..80),
        at in any::<prop::sample::Index>(),
    ) {
        let (before, after) = ops.split_at(at.index(ops.len()));
        let mut rig = Rig::default();
        let mut ledger = Ledger::default();
        for op in before {
            ledger.apply(&mut rig, op);
        }
        let (machine, timers) = rig.restored();
        prop_assert_eq!(&machine, &rig.machine);
        let mut twin = Rig { machine, timers: Vec::new(), ..rig.clone() };
        for effect in &timers {
            twin.keep(effect);
            prop_assert!(matches!(effect, Effect::At(at, Message::Tenant(input)) if rig.timers.contains(&(*at, input.clone()))));
        }
        let mut other = ledger.clone();
        for op in after {
            prop_assert_eq!(ledger.apply(&mut rig, op), other.apply(&mut twin, op));
            prop_assert_eq!(&rig.rows, &twin.rows);
        }
    }
}

#[test]
fn rows_of_the_hot_path_are_small() {
    assert!(size_of::<Row>() <= 48, "{}", size_of::<Row>());
}

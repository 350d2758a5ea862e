//! Planted bugs within the machines: what they decide and record.

use nimbus_core::autoscaler::{self, Policy};
use nimbus_core::billing::{
    ContentHash, Currency, Invoice, InvoiceState, Period, Run, Usage, UsageWindow, WindowState,
};
use nimbus_core::explain::{Scale, ScaleReason};
use nimbus_core::ids::{InvoiceId, SpecNo};
use nimbus_core::tenant;

use super::*;

#[test]
fn a_reservation_above_the_quota_is_caught() {
    let mut play = history();
    play.used(ACME, amount(6, 5, 5), 1);
    play.caught(&["I-2/R6"]);
}

#[test]
fn a_lowered_quota_needs_force() {
    let quota = amount(2, 2, 2);
    for (force, ids) in [(true, [].as_slice()), (false, &["I-2/R6"])] {
        let mut play = history();
        play.deliver(tenant::Input::SetQuota {
            tenant: ACME,
            quota,
            force,
        });
        play.tenant(ACME, Status::Active, quota);
        play.used(ACME, amount(4, 4, 4), 1); // falls, and stays above
        play.caught(ids);
    }
}

#[test]
fn apps_above_the_plan_are_caught() {
    let mut play = history();
    play.used(ACME, amount(5, 5, 5), 4);
    play.sound(); // five in the organization
    play.used(OTHER, amount(5, 5, 5), 2);
    play.caught(&["I-15"]);
}

#[test]
fn a_tenant_that_changes_its_organization_is_caught() {
    let mut play = history();
    let closed = ten::OrgRow {
        closed: true,
        ..org()
    };
    play.record(ten::Row::Org(OrgNo(0), Box::new(closed)));
    play.checkpoint();
    play.caught(&["I-8"]);
}

fn watch(play: &mut Play, policy: Policy) {
    play.deliver(autoscaler::Input::Watch {
        service: WEB,
        policy: Arc::new(policy),
        desired: 2,
    });
}

fn scale(play: &mut Play, from: u32, to: u32) {
    let scale = Scale {
        service: WEB,
        from,
        to,
        reason: ScaleReason::AboveUp,
        used_m: Some(1),
        requested_m: 1,
    };
    play.oracle.effect(play.now, &Effect::Explain(scale.into()));
}

#[test]
fn a_scale_beyond_bounds_or_step_or_too_early_is_caught() {
    let policy = Policy {
        max: 5,
        cooldown: Span::from_secs(60),
        ..Policy::default()
    };
    for (steps, ids) in [
        (vec![(50, 2, 3), (110, 3, 4)], [].as_slice()),
        (vec![(50, 2, 4)], &["I-3/R9"]),
        (vec![(50, 5, 6)], &["I-3/R9"]),
        (vec![(50, 2, 3), (80, 3, 4)], &["I-3/R9"]),
        (vec![(50, 9, 5)], &[]), // back into the bounds
    ] {
        let mut play = history();
        watch(&mut play, policy);
        for (secs, from, to) in steps {
            play.until(secs);
            scale(&mut play, from, to);
            play.deliver(autoscaler::Input::Replicas {
                service: WEB,
                desired: to,
                hold: false,
            });
        }
        play.caught(ids);
    }
}

#[test]
fn a_wish_that_was_refused_may_be_repeated() {
    let mut play = history();
    let policy = Policy {
        cooldown: Span::from_secs(60),
        ..Policy::default()
    };
    watch(&mut play, policy);
    for secs in [50, 80] {
        play.until(secs);
        scale(&mut play, 2, 3);
    }
    play.sound();
}

#[test]
fn replicas_beyond_the_bounds_are_caught() {
    let mut play = history();
    watch(
        &mut play,
        Policy {
            max: 2,
            ..Policy::default()
        },
    );
    play.deploy(2, |deployment| deployment.replicas = 3);
    play.caught(&["I-3/R9"]);
    let mut play = history();
    watch(&mut play, Policy::default());
    play.tenant(ACME, Status::Suspended, amount(5, 5, 5));
    play.deploy(2, |deployment| deployment.replicas = 0);
    play.sound();
}

#[test]
fn an_effect_for_another_tenant_is_caught() {
    let mut play = history();
    play.deliver(tenant::Input::Suspend {
        tenant: ACME,
        reason: None,
    });
    play.used(ACME, amount(5, 5, 5), 1);
    play.sound();
    play.used(OTHER, amount(4, 4, 4), 1);
    play.caught(&["I-7/R1"]);
}

fn interval(pod: u64, start_s: i64, end_s: Option<i64>) -> UsageInterval {
    UsageInterval {
        pod: PodNo(pod),
        tenant: ACME,
        service: JOBS,
        spec: SpecNo(0),
        start_s,
        end_s,
    }
}

#[test]
fn an_interval_that_is_no_lifetime_is_caught() {
    for row in [
        interval(0, 1, None),     // starts late
        interval(0, 0, Some(50)), // ends while the pod lives
        interval(99, 0, None),    // of no pod
        UsageInterval {
            tenant: OTHER,
            ..interval(0, 0, None)
        },
    ] {
        let mut play = history();
        play.record(billing::Row::Interval(row));
        play.caught(&["R7"]);
    }
    let mut play = history();
    play.until(100);
    play.record(billing::Row::Interval(interval(0, 0, Some(100)))); // closed twice
    play.caught(&["R7"]);
}

#[test]
fn a_pod_that_is_not_metered_is_caught() {
    let mut play = history();
    play.bills = false;
    play.run(1, None);
    play.bind(4, 1);
    play.checkpoint();
    play.caught(&["R7"]);
    let mut play = history();
    play.bills = false;
    play.until(100);
    play.checkpoint();
    play.caught(&["R7"]);
}

fn windows(runs: &[(i64, u32)]) -> Vec<UsageWindow> {
    let mut head = ContentHash::default();
    let mut windows = Vec::new();
    for (link, (first, count)) in (0..).zip(runs) {
        let run = Run {
            first: at(*first),
            count: *count,
            state: WindowState::Complete,
            usage: Usage::ZERO,
            in_doubt_s: 0,
        };
        let window = UsageWindow::seal(ACME, link, run, head);
        head = window.hash;
        windows.push(window);
    }
    windows
}

#[test]
fn a_missing_a_double_and_a_changed_window_are_caught() {
    for (runs, ids) in [
        (vec![(30, 2), (90, 1)], [].as_slice()),
        (vec![(30, 2), (120, 1)], &["I-5"]), // 90..120 is missing
        (vec![(30, 2), (60, 1)], &["I-5"]),  // 60..90 twice
        (vec![(31, 2)], &["I-5"]),           // not aligned
    ] {
        let mut play = history();
        for window in windows(&runs) {
            play.record(billing::Row::Window(Box::new(window)));
        }
        play.caught(ids);
    }
    let mut play = history();
    let mut window = windows(&[(30, 1)])[0];
    window.run.usage.cpu_millicore_s = 1;
    play.record(billing::Row::Window(Box::new(window)));
    play.caught(&["I-5"]);
}

fn invoice(number: u64, prev: ContentHash) -> Invoice {
    let period = Period::month_of(at(i64::try_from(number).unwrap() * 31 * 86_400));
    let mut invoice = Invoice {
        id: Some(InvoiceId(number.into())),
        org: OrgNo(0),
        number: Some(number),
        state: InvoiceState::Open,
        period,
        through: period.to,
        currency: Currency::USD,
        lines: Vec::new(),
        subtotal_minor: 0,
        credits_minor: 0,
        tax_minor: 0,
        total_minor: 0,
        usage_root_hash: ContentHash::default(),
        prev_document_hash: Some(prev),
        document_hash: None,
    };
    invoice.document_hash = Some(invoice.expected_hash());
    invoice
}

fn put(play: &mut Play, invoice: Invoice) -> ContentHash {
    let hash = invoice.expected_hash();
    play.record(billing::Row::Invoice(Arc::new(invoice)));
    hash
}

#[test]
fn invoices_with_a_gap_a_change_or_a_wrong_sum_are_caught() {
    let mut play = history();
    let first = put(&mut play, invoice(1, ContentHash::default()));
    put(&mut play, invoice(2, first));
    play.sound();
    put(&mut play, invoice(4, first)); // a gap, and the wrong predecessor
    play.caught(&["R8"]);

    let mut play = history();
    put(&mut play, invoice(1, ContentHash::default()));
    let mut changed = invoice(1, ContentHash::default());
    changed.through = at(7);
    changed.document_hash = Some(changed.expected_hash());
    put(&mut play, changed);
    play.caught(&["R8"]);

    let mut play = history();
    let mut wrong = invoice(1, ContentHash::default());
    wrong.total_minor = 1;
    wrong.document_hash = Some(wrong.expected_hash());
    put(&mut play, wrong);
    play.caught(&["R8"]);

    let mut play = history();
    play.record(Record::from(billing::Key::Invoice(1)));
    play.caught(&["R8"]);
}

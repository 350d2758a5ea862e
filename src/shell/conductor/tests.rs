//! The conductor with faults on all sides.

mod bed;

use nimbus_core::machine::Reply;
use nimbus_core::tenant::Answer;
use nimbus_core::time::Span;
use proptest::prelude::*;

use super::Fatal;
use crate::shell::journal::Entry;
use crate::shell::port::{Answered, Unanswered};
use bed::{Bed, Plan, create, run, seen};

#[track_caller]
fn made(answer: &Result<Answered, Unanswered>) {
    let ok = matches!(
        answer,
        Ok(Answered {
            reply: Reply::Tenant(Ok(Answer::Tenant { .. })),
            ..
        })
    );
    assert!(ok, "{answer:?}");
}

#[test]
fn an_answer_follows_the_journal_and_the_store() {
    run(async {
        let bed = Bed::start().await;
        let answer = bed.port.ask(create("acme")).await;
        made(&answer);
        assert_eq!(bed.log(), ["journal 1", "store 1"]);
        let commit = bed.ledger.commits().remove(0);
        assert_eq!(commit.events[0].kind.as_ref(), "tenant.created");
        assert_eq!(commit.audit[0].outcome.as_ref(), "ok");
        assert_eq!(commit.outbox.len(), 1);
        assert_eq!(answer.unwrap().group, commit.group);
        bed.stop().await.unwrap();
    });
}

#[test]
fn what_the_cluster_says_becomes_a_group_of_its_own() {
    run(async {
        let bed = Bed::start().await;
        bed.port.ask(create("acme")).await.unwrap();
        bed.advance(Span::from_secs(2)).await;
        let commits = bed.ledger.commits();
        assert_eq!(commits.len(), 2);
        assert_eq!(commits[1].cursor, 1);
        assert_eq!(commits[1].events[0].kind.as_ref(), "tenant.active");
        bed.stop().await.unwrap();
    });
}

#[test]
fn asks_that_wait_together_share_a_group() {
    run(async {
        let bed = Bed::start().await;
        let names: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
        let asks = names.iter().map(|name| bed.port.ask(create(name)));
        let answers = futures::future::join_all(asks).await;
        answers.iter().for_each(made);
        assert!(bed.ledger.commits().len() < 20);
        bed.stop().await.unwrap();
    });
}

#[test]
fn a_panic_is_answered_with_a_dead_letter_and_costs_no_other() {
    run(async {
        let bed = Bed::start().await;
        bed.trap("bad").await;
        let asks = ["one", "bad", "two"].map(|name| bed.port.ask(create(name)));
        let answers = futures::future::join_all(asks).await;
        made(&answers[0]);
        made(&answers[2]);
        let Err(Unanswered::Dead(id)) = &answers[1] else {
            panic!("{:?}", answers[1]);
        };
        let letter = bed.ledger.letters().remove(0);
        assert_eq!((&letter.id, letter.why.as_ref()), (id, "a planted panic"));
        assert_eq!(bed.pulse.standing().dead_letters, 1);
        made(&bed.port.ask(create("three")).await);
        bed.stop().await.unwrap();
    });
}

#[test]
fn the_journal_does_not_have_what_panicked() {
    run(async {
        let bed = Bed::start().await;
        bed.trap("bad").await;
        let asks = ["one", "bad"].map(|name| bed.port.ask(create(name)));
        futures::future::join_all(asks).await;
        let groups = bed.groups();
        let text = format!("{groups:?}");
        assert!(text.contains("one") && !text.contains("bad"), "{text}");
        bed.stop().await.unwrap();
    });
}

#[test]
fn a_timer_that_panics_is_left_out_for_good() {
    run(async {
        let bed = Bed::start().await;
        bed.trap("SpaceDeadline").await;
        bed.mute().await;
        bed.port.ask(create("acme")).await.unwrap();
        bed.advance(Span::from_secs(3_600)).await;
        let groups = bed.groups();
        assert_eq!(
            groups.iter().filter(|group| !group.dead.is_empty()).count(),
            1
        );
        made(&bed.port.ask(create("other")).await);
        assert_eq!(bed.pulse.standing().dead_letters, 1);
        bed.stop().await.unwrap();
    });
}

#[test]
fn a_fourth_fault_within_a_minute_ends_the_process() {
    run(async {
        let mut bed = Bed::start().await;
        bed.trap("bad").await;
        for number in 0..3 {
            let answer = bed.port.ask(create(&format!("bad{number}"))).await;
            assert!(matches!(answer, Err(Unanswered::Dead(_))), "{answer:?}");
        }
        let answer = bed.port.ask(create("bad4")).await;
        assert!(answer.is_err());
        assert!(matches!(
            bed.ended().await,
            Err(Fatal::Faults { count: 4, .. })
        ));
    });
}

#[test]
fn a_store_that_refuses_makes_writes_read_only_until_it_works_again() {
    run(async {
        let bed = Bed::start().await;
        bed.ledger.plan(Plan::Refuse);
        let answer = bed.port.ask(create("acme")).await;
        assert!(matches!(answer, Err(Unanswered::ReadOnly(_))), "{answer:?}");
        bed.writable().await;
        made(&bed.port.ask(create("acme")).await);
        assert_eq!(bed.ledger.tenants(), 1);
        let restored = |entry: &&Entry| matches!(entry, Entry::Restored { .. });
        assert_eq!(
            bed.entries().iter().filter(restored).count(),
            2,
            "start, and the undone group"
        );
        bed.stop().await.unwrap();
    });
}

#[test]
fn a_commit_whose_outcome_is_unknown_is_read_back() {
    run(async {
        let bed = Bed::start().await;
        bed.ledger.plan(Plan::UnknownAfter);
        made(&bed.port.ask(create("acme")).await);
        bed.ledger.plan(Plan::UnknownBefore);
        let answer = bed.port.ask(create("other")).await;
        assert!(matches!(answer, Err(Unanswered::ReadOnly(_))), "{answer:?}");
        bed.writable().await;
        assert_eq!(bed.ledger.tenants(), 1);
        bed.stop().await.unwrap();
    });
}

#[test]
fn a_journal_that_fails_makes_writes_read_only_until_it_works_again() {
    run(async {
        let bed = Bed::start().await;
        bed.fail_journal(true);
        let answer = bed.port.ask(create("acme")).await;
        assert!(matches!(answer, Err(Unanswered::ReadOnly(_))), "{answer:?}");
        let answer = bed.port.ask(create("acme")).await;
        assert!(matches!(answer, Err(Unanswered::ReadOnly(_))), "{answer:?}");
        assert_eq!(bed.ledger.commits().len(), 0);
        bed.fail_journal(false);
        bed.writable().await;
        made(&bed.port.ask(create("acme")).await);
        bed.stop().await.unwrap();
    });
}

#[test]
fn events_of_an_undone_group_are_taken_again() {
    run(async {
        let bed = Bed::start().await;
        bed.port.ask(create("acme")).await.unwrap();
        bed.ledger.plan(Plan::Refuse);
        bed.advance(Span::from_secs(2)).await;
        bed.writable().await;
        let commits = bed.ledger.commits();
        let told = commits.iter().flat_map(|commit| &commit.events);
        let active = told
            .filter(|event| event.kind.as_ref() == "tenant.active")
            .count();
        assert_eq!((active, commits.last().unwrap().cursor), (1, 1));
        bed.stop().await.unwrap();
    });
}

#[test]
fn a_later_leader_ends_this_one() {
    run(async {
        let mut bed = Bed::start().await;
        bed.ledger.plan(Plan::Deposed);
        let answer = bed.port.ask(create("acme")).await;
        assert_eq!(answer.unwrap_err(), Unanswered::NotLeader);
        assert!(matches!(bed.ended().await, Err(Fatal::Deposed(_))));
    });
}

#[test]
fn a_full_inbox_refuses_at_once() {
    run(async {
        let port = bed::deaf(1);
        let first = port.ask(create("one"));
        let second = port.ask(create("two"));
        let (_, second) = futures::join!(first, second);
        assert_eq!(second.unwrap_err(), Unanswered::Overloaded);
    });
}

#[test]
fn a_key_is_carried_out_once() {
    run(async {
        let bed = Bed::start().await;
        let asks = ["one", "two"].map(|name| bed.port.ask(bed::keyed(name, "k")));
        let answers = futures::future::join_all(asks).await;
        made(&answers[0]);
        assert_eq!(answers[1].as_ref().unwrap_err(), &Unanswered::Repeated);
        let later = bed.port.ask(bed::keyed("three", "k")).await;
        assert_eq!(later.unwrap_err(), Unanswered::Repeated);
        assert_eq!(bed.ledger.tenants(), 1);
        bed.stop().await.unwrap();
    });
}

#[test]
fn what_waits_at_a_stop_is_done_or_refused_but_never_lost() {
    run(async {
        let bed = Bed::start().await;
        let asks = (0..100).map(|n| bed.port.ask(create(&format!("t{n}"))));
        let asks: Vec<_> = asks.collect();
        bed.cancel();
        let answers = futures::future::join_all(asks).await;
        let done = answers.iter().filter(|answer| answer.is_ok()).count();
        let refused = |answer: &&Result<_, _>| matches!(answer, Err(Unanswered::Stopping));
        assert_eq!(done + answers.iter().filter(refused).count(), 100);
        assert_eq!(bed.ledger.tenants(), done);
    });
}

#[test]
fn a_restart_goes_on_where_the_store_stands() {
    run(async {
        let bed = Bed::start().await;
        bed.port.ask(create("acme")).await.unwrap();
        let standing = bed.pulse.standing();
        let ledger = bed.ledger.clone();
        bed.stop().await.unwrap();
        let bed = Bed::over(ledger).await;
        assert_eq!(seen(&bed.pulse.standing()), seen(&standing));
        made(&bed.port.ask(create("other")).await);
        assert_eq!(bed.pulse.standing().group, standing.group + 1);
        bed.stop().await.unwrap();
    });
}

#[derive(Clone, Debug)]
enum Step {
    Ask(u8),
    Bad(u8),
    Fail(Plan),
    Wait(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let plan = prop_oneof![
        Just(Plan::Refuse),
        Just(Plan::UnknownBefore),
        Just(Plan::UnknownAfter)
    ];
    prop_oneof![
        6 => (0u8..40).prop_map(Step::Ask),
        1 => (0u8..9).prop_map(Step::Bad),
        1 => plan.prop_map(Step::Fail),
        2 => (1u8..20).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn faults_cost_their_input_and_nothing_else(steps in proptest::collection::vec(step(), 1..24)) {
        run(async {
            let mut bed = Bed::start().await;
            bed.trap("bad").await;
            let mut faults = 0;
            let mut names = std::collections::BTreeSet::new();
            for step in steps {
                match step {
                    Step::Ask(n) => {
                        let name = format!("t{n}");
                        match bed.port.ask(create(&name)).await {
                            Ok(Answered { reply: Reply::Tenant(Ok(_)), .. }) => assert!(names.insert(name)),
                            Ok(_) => assert!(names.contains(&name)),
                            Err(Unanswered::ReadOnly(_)) => bed.writable().await,
                            other => panic!("{other:?}"),
                        }
                    }
                    Step::Bad(_) if faults == 3 => {}
                    Step::Bad(n) => {
                        match bed.port.ask(create(&format!("bad{n}"))).await {
                            Err(Unanswered::Dead(_)) => {}
                            Err(Unanswered::ReadOnly(_)) => bed.writable().await,
                            other => panic!("{other:?}"),
                        }
                        faults = bed.pulse.standing().dead_letters;
                    }
                    Step::Fail(plan) => bed.ledger.plan(plan),
                    Step::Wait(s) => {
                        bed.advance(Span::from_secs(i64::from(s))).await;
                        bed.writable().await;
                    }
                }
            }
            assert_eq!(bed.ledger.slugs(), names);
            bed.check_journal();
            bed.finish().await;
        });
    }
}

//! `nimbus why`: explains what was decided, in the words of the decision itself.

use serde_json::{Value, json};

use super::client::{Call, Page, Session, api, is_id, segment};
use super::exit::{Code, Exit, Failure};
use super::table::{Col, cell, col, wide};

/// Columns of lists of decisions.
pub(super) const COLUMNS: &[Col] = &[
    col("TIME", "time"),
    col("KIND", "kind"),
    col("SUBJECT", "subject"),
    col("WINNER", "winner.node"),
    col("REASON", "reason"),
    wide("ID", "id"),
    wide("RULE", "rule"),
    wide("RUNNER UP", "runner_up.node"),
    wide("REMOVED", "removed"),
];

/// Decisions of a service that are looked at.
const RECENT: u32 = 200;

/// Options of `why`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A service, a replica as it is listed, or the id of a decision.
    #[arg(value_name = "SERVICE|REPLICA|DECISION")]
    subject: String,
    /// How many decisions to explain, newest first.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
}

pub(super) fn run(session: &Session<'_>, args: &Args) -> Result<Exit, Failure> {
    let found = if is_id(&args.subject, "dec") {
        vec![one(session, &args.subject)?]
    } else {
        match session.service(&args.subject) {
            Ok(id) => of_service(session, &id, args.limit)?,
            Err(failure) if failure.exit() == Exit::NotFound => of_replica(session, args)?,
            Err(failure) => return Err(failure),
        }
    };
    if found.is_empty() {
        let text = format!("nothing was decided about {} yet", args.subject);
        return Err(Failure::new(Code::NotFound, text));
    }
    let text: String = found.iter().map(explain).collect::<Vec<_>>().join("\n");
    session
        .console
        .answer(&text, || json!({ "items": found, "next_cursor": null }))?;
    Ok(Exit::Done)
}

fn one(session: &Session<'_>, id: &str) -> Result<Value, Failure> {
    session
        .get(&format!("/decisions/{}", segment(id)))
        .map(|answer| answer.body)
}

fn of_service(session: &Session<'_>, id: &str, limit: u32) -> Result<Vec<Value>, Failure> {
    let page = Page {
        limit: Some(limit),
        filter: None,
    };
    let path = api(&format!("/services/{}/decisions", segment(id)));
    let list = session.list(Call::get(path), &page)?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

/// Looks for a replica among those of all services; its decisions name it as their subject.
fn of_replica(session: &Session<'_>, args: &Args) -> Result<Vec<Value>, Failure> {
    let named = |value: &Value| {
        ["uid", "name", "id"]
            .iter()
            .any(|key| value[*key] == args.subject.as_str())
    };
    for app in session.apps()? {
        for service in app["services"].as_array().into_iter().flatten() {
            let Some(id) = service["id"].as_str() else {
                continue;
            };
            let path = api(&format!("/services/{}/replicas", segment(id)));
            let list = session.list(Call::get(path), &Page::default())?;
            let replicas = list["items"].as_array().cloned().unwrap_or_default();
            if let Some(replica) = replicas.iter().find(|replica| named(replica)) {
                let mut found = of_service(session, id, RECENT)?;
                found.retain(|decision| about(decision, replica));
                found.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
                return Ok(found);
            }
        }
    }
    let text = format!("no service, replica or decision {}", args.subject);
    Err(Failure::new(Code::NotFound, text))
}

/// Whether a decision is about a replica: the subject ends with what names it.
fn about(decision: &Value, replica: &Value) -> bool {
    let subject = decision["subject"].as_str().unwrap_or_default();
    let names = ["uid", "name"]
        .iter()
        .filter_map(|key| replica[*key].as_str());
    let mut names = names.filter(|name| !name.is_empty());
    names.any(|name| subject == name || subject.ends_with(&format!("/{name}")))
}

/// One decision in a few lines.
fn explain(decision: &Value) -> String {
    let at = |key: &str| cell(decision.get(key));
    let mut out = format!(
        "{}  {}  {}: {}\n",
        at("time"),
        at("kind"),
        at("subject"),
        at("reason")
    );
    let mut line = |label: &str, text: String| {
        if text != "-" {
            out.push_str(&format!("  {label:<12} {text}\n"));
        }
    };
    line("winner", candidate(&decision["winner"]));
    line("runner-up", candidate(&decision["runner_up"]));
    line("it lacks", cell(decision["runner_up"].get("lacks")));
    line("removed", cell(decision.get("removed")));
    line("rule", at("rule"));
    let other = &decision["alternative"];
    if other.is_object() {
        let text = format!(
            "{} would choose {}",
            cell(other.get("policy")),
            cell(other.get("chosen"))
        );
        line("otherwise", text);
    }
    line("decision", at("id"));
    out
}

/// `node-a, busiest_cpu 3200/4000`.
fn candidate(value: &Value) -> String {
    let scores = value["score"].as_array().into_iter().flatten();
    let scores = scores.map(|s| format!(", {} {}", cell(s.get("name")), cell(s.get("value"))));
    match value.get("node") {
        None => "-".to_owned(),
        node => cell(node) + &scores.collect::<String>(),
    }
}

#[test]
fn a_decision_is_explained_in_its_own_words() {
    let decision = json!({
        "id": "dec-1", "kind": "place", "subject": "svc-1/replica-2", "time": "2026-11-01T00:00:00Z",
        "winner": { "node": "node-a", "score": [{ "name": "busiest_cpu", "value": "3200/4000" }] },
        "runner_up": { "node": "node-b", "score": [], "lacks": "busiest_cpu 0.80 against 0.30" },
        "removed": { "memory": 1 }, "rule": "highest busiest_cpu, then lowest ordinal",
        "reason": "busiest of 2 nodes that fit", "alternative": { "policy": "spread", "chosen": "node-b" },
    });
    insta::assert_snapshot!(explain(&decision), @r"
    2026-11-01T00:00:00Z  place  svc-1/replica-2: busiest of 2 nodes that fit
      winner       node-a, busiest_cpu 3200/4000
      runner-up    node-b
      it lacks     busiest_cpu 0.80 against 0.30
      removed      memory=1
      rule         highest busiest_cpu, then lowest ordinal
      otherwise    spread would choose node-b
      decision     dec-1
    ");
}

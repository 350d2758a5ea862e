//! How services are shown to people.

use serde_json::{Value, json};

use super::deploy;
use crate::cli::client::{Page, Session};
use crate::cli::exit::{Exit, Failure};
use crate::cli::table::{Col, Table, cell, col, plain, wide};

const ALL: &[Col] = &[
    col("APP", "app"),
    col("NAME", "name"),
    col("STATUS", "status"),
    col("REPLICAS", "replicas"),
    col("REVISION", "current_revision"),
    col("IMAGE", "image"),
    col("CPU", "cpu_request"),
    col("MEMORY", "memory_request"),
    wide("ID", "id"),
    wide("TENANT", "tenant_id"),
    wide("AUTOSCALE", "autoscale"),
    wide("UPDATED", "updated_at"),
];

const LINES: usize = 10;

/// Lists the services of all apps.
pub(super) fn all(session: &Session<'_>, page: &Page) -> Result<Exit, Failure> {
    let items = deploy::everywhere(session, page)?;
    let list = json!({ "items": items, "next_cursor": null });
    session.console.table(Table::of(ALL, list))?;
    Ok(Exit::Done)
}

/// Shows how a service is doing.
pub(super) fn status(session: &Session<'_>, path: &str) -> Result<Exit, Failure> {
    let status = session.get(path)?.body;
    if session.console.machine() || !session.console.columns.is_empty() {
        session.console.show(status)?;
        return Ok(Exit::Done);
    }
    session.console.print(&text(&status))?;
    Ok(Exit::Done)
}

fn text(status: &Value) -> String {
    let field = |key: &str| cell(status.get(key));
    let mut out = format!(
        "{}, revision {}: {} of {} ready\n",
        field("status"),
        field("revision"),
        field("ready"),
        field("replicas")
    );
    let rollout = &status["rollout"];
    if let Some(state) = rollout["state"].as_str() {
        let paused = if rollout["paused"] == true {
            ", paused"
        } else {
            ""
        };
        let message = rollout["message"]
            .as_str()
            .map(|m| format!(": {}", plain(m)));
        out.push_str(&format!(
            "rollout {}{paused}{}\n",
            plain(state),
            message.unwrap_or_default()
        ));
    }
    for pod in status["pods"].as_array().into_iter().flatten() {
        let at = |key: &str| cell(pod.get(key));
        out.push_str(&format!(
            "  {}  {}  revision {}  {}\n",
            at("name"),
            at("phase"),
            at("revision"),
            at("node")
        ));
    }
    for wait in status["waiting"].as_array().into_iter().flatten() {
        out.push_str(&format!("  waiting: {}\n", cell(wait.get("reason"))));
    }
    if let Some(error) = status["last_error"].as_str() {
        out.push_str(&format!("last error: {}\n", plain(error)));
    }
    let lines: Vec<&Value> = status["last_log_lines"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    for line in &lines[lines.len().saturating_sub(LINES)..] {
        let text = line["line"].as_str().or(line.as_str()).unwrap_or_default();
        out.push_str(&format!("log: {}\n", plain(text)));
    }
    out
}

//! States that follow from several rows, kept as columns so that lists can be filtered by them.
//!
//! The rule is core's; here it is only asked again for the services of a group.

use std::collections::BTreeMap;

use diesel::prelude::*;
use nimbus_core::cluster::DeploymentStatus;
use nimbus_core::ids::ServiceNo;
use nimbus_core::machine::Address;
use nimbus_core::store::workload::{App, Held, Key, Progress, Rollout, Row, Service};
use nimbus_core::workload::{Facts, Kind, ServiceStatus, app_status, service_status};

use super::batch::MANY;
use super::conn::Conn;
use super::number::{from_word, json, parse, small, word};
use super::rows::Touched;
use super::schema::{apps, machine_rows, rollouts, services};

/// What is kept of services beside their own rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    pub(super) status: DeploymentStatus,
    pub(super) progress: Option<Progress>,
    pub(super) held: Held,
    pub(super) rollout: Option<Rollout>,
}

/// Number of the workload machine in `machine_rows`.
const WORKLOAD: i64 = Address::Workload as i64;

/// Sets the states of services, and of their apps, as they follow from what was just written.
pub(super) fn update(conn: &mut Conn, touched: Touched) -> QueryResult<()> {
    let Touched { services, apps } = touched;
    let mut apps: Vec<i64> = apps.iter().map(|app| i64::from(app.0)).collect();
    for nos in services.chunks(MANY) {
        let nos: Vec<i64> = nos.iter().map(|no| i64::from(no.0)).collect();
        apps.extend(update_services(conn, &nos)?);
    }
    apps.sort_unstable();
    apps.dedup();
    for nos in apps.chunks(MANY) {
        update_apps(conn, nos)?;
    }
    Ok(())
}

/// The apps of services whose state is another one now.
fn update_services(conn: &mut Conn, nos: &[i64]) -> QueryResult<Vec<i64>> {
    let found = services::table.filter(services::no.eq_any(nos));
    let found: Vec<(String, String)> = found
        .select((services::status, services::body))
        .load(conn)?;
    let rows: Vec<(String, Service)> = found
        .into_iter()
        .map(|(status, body)| Ok((status, parse(&body)?)))
        .collect::<QueryResult<_>>()?;
    let beside = beside(conn, rows.iter().map(|(_, row)| row))?;
    let mut apps = Vec::new();
    for (before, row) in rows {
        let status = word(&state(&row, beside.get(&row.no)));
        if status == before {
            continue;
        }
        let service = services::table.filter(services::no.eq(i64::from(row.no.0)));
        diesel::update(service)
            .set(services::status.eq(&status))
            .execute(conn)?;
        apps.push(i64::from(row.app.0));
    }
    Ok(apps)
}

fn update_apps(conn: &mut Conn, nos: &[i64]) -> QueryResult<()> {
    let rows = apps::table.filter(apps::no.eq_any(nos));
    let rows: Vec<(String, String)> = rows.select((apps::status, apps::body)).load(conn)?;
    let of = services::table.filter(services::app.eq_any(nos));
    let found: Vec<(i64, String)> = of
        .filter(services::gone.eq(false))
        .select((services::app, services::status))
        .load(conn)?;
    let mut states: BTreeMap<i64, Vec<ServiceStatus>> = BTreeMap::new();
    for (app, status) in found {
        states.entry(app).or_default().push(from_word(&status)?);
    }
    for (before, body) in rows {
        let row: App = parse(&body)?;
        let no = i64::from(row.no.0);
        let services = states.remove(&no).unwrap_or_default();
        let status = word(&app_status(row.deleting, services));
        if status != before {
            diesel::update(apps::table.find(no))
                .set(apps::status.eq(&status))
                .execute(conn)?;
        }
    }
    Ok(())
}

/// State of a service. A batch service is ready while it has bare pods, else stopped.
fn state(row: &Service, beside: Option<&Beside>) -> ServiceStatus {
    let none = Beside::default();
    let beside = beside.unwrap_or(&none);
    if row.kind == Kind::Batch && !row.gone && !row.deleting {
        return if beside.held.slots > 0 {
            ServiceStatus::Ready
        } else {
            ServiceStatus::Stopped
        };
    }
    service_status(&Facts {
        deleting: row.deleting,
        gone: row.gone,
        applied: row.generation > 0,
        desired: row.desired,
        status: beside.status,
        rollout: beside.rollout.as_ref().map(|rollout| rollout.state),
        scaling: row.scaling,
    })
}

/// What is kept beside services: status, progress, holding and the last rollout.
pub(super) fn beside<'a>(
    conn: &mut Conn,
    rows: impl Iterator<Item = &'a Service>,
) -> QueryResult<BTreeMap<ServiceNo, Beside>> {
    let mut keys = Vec::new();
    let mut lasts = BTreeMap::new();
    for row in rows {
        keys.push(json(&Key::Status(row.no))?);
        keys.push(json(&Key::Progress(row.no))?);
        keys.push(json(&Key::Held(row.no))?);
        if row.rollout > 0 {
            lasts.insert(i64::from(row.no.0), row.rollout);
        }
    }
    let mut found: BTreeMap<ServiceNo, Beside> = BTreeMap::new();
    for keys in keys.chunks(MANY) {
        let of = machine_rows::table.filter(machine_rows::address.eq(WORKLOAD));
        let bodies: Vec<String> = of
            .filter(machine_rows::key.eq_any(keys))
            .select(machine_rows::body)
            .load(conn)?;
        for body in bodies {
            match parse(&body)? {
                Row::Status { service, status } => {
                    found.entry(service).or_default().status = status
                }
                Row::Held { service, held } => found.entry(service).or_default().held = held,
                Row::Progress { service, progress } => {
                    found.entry(service).or_default().progress = Some(progress);
                }
                _ => {}
            }
        }
    }
    for rollout in last_rollouts(conn, &lasts)? {
        found.entry(rollout.service).or_default().rollout = Some(rollout);
    }
    for beside in found.values_mut() {
        with_progress(beside.rollout.as_mut(), beside.progress);
    }
    Ok(found)
}

/// Progress is recorded by itself while a rollout runs, and stands before what the rollout's row says.
pub(super) fn with_progress(rollout: Option<&mut Rollout>, progress: Option<Progress>) {
    if let (Some(rollout), Some(progress)) = (rollout, progress)
        && !rollout.state.ended()
    {
        rollout.progress = progress;
    }
}

fn last_rollouts(conn: &mut Conn, lasts: &BTreeMap<i64, u32>) -> QueryResult<Vec<Rollout>> {
    let nos: Vec<i64> = lasts.keys().copied().collect();
    let mut found = Vec::new();
    for nos in nos.chunks(MANY) {
        let rows = rollouts::table.filter(rollouts::service.eq_any(nos));
        // one number each: the pairs are looked through here
        let wanted: Vec<i64> = lasts.values().map(|number| i64::from(*number)).collect();
        let highest = wanted.iter().copied().max().unwrap_or(0);
        let lowest = wanted.iter().copied().min().unwrap_or(0);
        let rows: Vec<(i64, i64, String)> = rows
            .filter(rollouts::number.between(lowest, highest))
            .select((rollouts::service, rollouts::number, rollouts::body))
            .load(conn)?;
        for (service, number, body) in rows {
            if lasts.get(&service) == Some(&small(number)) {
                found.push(parse(&body)?);
            }
        }
    }
    Ok(found)
}

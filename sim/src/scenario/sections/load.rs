//! `[[load]]`.

use std::collections::BTreeMap;
use std::sync::Arc;

use nimbus_core::time::Span;
use nimbus_core::units::Resources;
use nimbus_core::workload::Kind;

use super::tenancy::Directory;
use crate::scenario::ctx::nearest;
use crate::scenario::files;
use crate::scenario::form::Form;
use crate::scenario::model::{Tenant, Workload};
use crate::scenario::reader::Reader;
use crate::scenario::source::{
    AzureVm, Churn, ChurnShape, Load, Pattern, Series, Shape, Source, TraceFile,
};
use crate::scenario::tree::{Item, Value};
use crate::scenario::value::{self, Fields, Read};
use crate::trace::flavors;

/// What loads refer to.
pub(in crate::scenario) struct Known<'a> {
    pub(in crate::scenario) tenants: Directory<'a>,
    workloads: &'a [Workload],
    by_name: BTreeMap<&'a str, Vec<usize>>,
    all: &'a [Tenant],
}

impl<'a> Known<'a> {
    pub(in crate::scenario) fn of(tenants: &'a [Tenant], workloads: &'a [Workload]) -> Known<'a> {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, workload) in workloads.iter().enumerate() {
            by_name.entry(&workload.name).or_default().push(index);
        }
        Known {
            tenants: Directory::of(tenants),
            workloads,
            by_name,
            all: tenants,
        }
    }

    /// Workloads that `name` or `tenant/name` means, or what is wrong with it.
    pub(in crate::scenario) fn find(&self, target: &str) -> Result<Vec<usize>, String> {
        let (tenant, name) = target
            .split_once('/')
            .map_or((None, target), |(t, n)| (Some(t), n));
        let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let found: Vec<usize> = named
            .iter()
            .copied()
            .filter(|index| {
                tenant.is_none_or(|tenant| *self.all[self.workloads[*index].tenant].name == *tenant)
            })
            .collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let near = nearest(name, self.by_name.keys().copied()).filter(|near| *near != name);
        let hint = near.map_or(String::new(), |near| format!(": did you mean {near:?}?"));
        Err(format!(
            "{target:?} is not the name of a [[workload]]{hint}"
        ))
    }
}

/// Reads one section.
pub(in crate::scenario) fn read(mut r: Reader<'_, '_>, known: &Known<'_>) -> Option<Load> {
    let word = r.word("source")?;
    let name = r.some_text("name");
    let (source, preset) = match word {
        "azure-vm" => azure(&mut r, known).map(|vm| (Source::AzureVm(vm), Arc::from("azure-vm"))),
        "churn" => churn(&mut r, known).map(|churn| (Source::Churn(churn), Arc::from("churn"))),
        _ => requests(&mut r, known, word),
    }
    .unzip();
    let clean = r.clean();
    r.finish();
    let load = Load {
        name: name.or(preset)?,
        source: source?,
    };
    clean.then_some(load)
}

fn requests(r: &mut Reader<'_, '_>, known: &Known<'_>, word: &str) -> Option<(Source, Arc<str>)> {
    if r.has("match") {
        return api(r, word);
    }
    if !r.has("workload") {
        let expected = r.form("workload").expected();
        r.wrong("workload", format!("missing: expected {expected}"));
    }
    let places = [r.place_of("workload"), r.place_of("until")];
    let target = r.some_text("workload").unwrap_or_default();
    let workloads = match known.find(&target) {
        Ok(found) => found,
        Err(_) if target.is_empty() => Vec::new(),
        Err(message) => {
            r.wrong_at(places[0], "workload", message);
            Vec::new()
        }
    };
    if workloads
        .iter()
        .any(|index| known.workloads[*index].kind == Kind::Batch)
    {
        r.wrong_at(
            places[0],
            "workload",
            format!("{target:?} is batch, which takes no requests: expected a service"),
        );
    }
    let from = r.span("from").unwrap_or_default();
    let until = r.span("until");
    if until.is_some_and(|until| until <= from) {
        r.wrong_at(places[1], "until", format!("is not after from, {from}"));
    }
    let shape = shape(r, word)?;
    Some((
        Source::Requests {
            target: target.clone(),
            workloads,
            shape,
            from,
            until,
        },
        target,
    ))
}

/// Requests for services made through the API.
fn api(r: &mut Reader<'_, '_>, word: &str) -> Option<(Source, Arc<str>)> {
    let places = ["match", "workload", "until"].map(|key| r.place_of(key));
    if r.has("workload") {
        r.wrong_at(
            places[1],
            "workload",
            "is there beside match: expected one of the two",
        );
    }
    let text = r.some_text("match").unwrap_or_default();
    let of = Pattern::parse(&text);
    if of.is_none() {
        let message = format!("{text:?}: expected api:*, api:tenant/* or api:tenant/name");
        r.wrong_at(places[0], "match", message);
    }
    let from = r.span("from").unwrap_or_default();
    let until = r.span("until");
    if until.is_some_and(|until| until <= from) {
        r.wrong_at(places[2], "until", format!("is not after from, {from}"));
    }
    let shape = shape(r, word)?;
    let source = Source::Api {
        of: of?,
        shape,
        from,
        until,
    };
    Some((source, text))
}

fn shape(r: &mut Reader<'_, '_>, word: &str) -> Option<Shape> {
    let low_high = |r: &mut Reader<'_, '_>| {
        let place = r.place_of("low");
        let (low, high) = (r.rate("low"), r.rate("high"));
        if low > high && word != "ramp" && r.clean() {
            r.wrong_at(place, "low", "is above high");
        }
        (low, high)
    };
    Some(match word {
        "constant" => Shape::Constant {
            rate: r.rate("rate"),
        },
        "step" => Shape::Step {
            rate: r.rate("rate"),
            steps: r.get("steps", steps)?,
        },
        "ramp" => {
            let (low, high) = low_high(r);
            Shape::Ramp {
                low,
                high,
                over: r.span("over")?,
            }
        }
        "sine" => {
            let (low, high) = low_high(r);
            Shape::Sine {
                low,
                high,
                period: r.span("period")?,
                phase: r.span("phase")?,
            }
        }
        "burst" => {
            let (low, high) = low_high(r);
            let place = r.place_of("length");
            let (period, at, length) = (r.span("period")?, r.span("at")?, r.span("length")?);
            if length >= period {
                r.wrong_at(
                    place,
                    "length",
                    format!("{length} leaves nothing of the period {period}"),
                );
            }
            Shape::Burst {
                low,
                high,
                period,
                at,
                length,
            }
        }
        "poisson" => Shape::Poisson {
            rate: r.rate("rate"),
            interval: r.span("interval")?,
        },
        _ => Shape::Series(series(r)?),
    })
}

fn steps(item: &Item, form: Form) -> Read<Vec<(Span, u64)>> {
    let mut steps: Vec<(Span, u64)> = Vec::new();
    for entry in value::list(item, form)? {
        let Value::Table(table) = &entry.value else {
            return Err(value::unexpected(entry, form));
        };
        let fields = Fields::of(entry, table, &["at", "rate"])?;
        let at = fields.get("at", value::span, Form::Duration(0))?;
        if steps.last().is_some_and(|(last, _)| *last >= at) {
            return Err(value::fault(
                entry,
                format!("at {at} is not later than the step before"),
            ));
        }
        steps.push((at, fields.get("rate", value::rate, Form::Rate)?));
    }
    if steps.is_empty() {
        Err(value::unexpected(item, form))
    } else {
        Ok(steps)
    }
}

/// Opens a trace; a missing one is a problem of its key.
fn file(r: &mut Reader<'_, '_>, key: &str) -> Option<TraceFile> {
    let place = r.place_of(key);
    let path = r.some_text(key)?;
    match files::open(r.ctx.file, &path) {
        Ok(file) => Some(file),
        Err(message) => {
            r.wrong_at(place, key, format!("{path:?}: {message}"));
            None
        }
    }
}

fn series(r: &mut Reader<'_, '_>) -> Option<Series> {
    let file = file(r, "path");
    let series = Series {
        index: r.some_text("index").unwrap_or_default(),
        column: r.some_text("column").unwrap_or_default(),
        period: r.span("period").unwrap_or_default(),
        scale: r.get("scale", value::factor).unwrap_or_default(),
        shift: r.span("shift").unwrap_or_default(),
        time_compression: r.count32("time_compression").unwrap_or_default(),
        file: file?,
    };
    Some(series)
}

fn tenants(r: &mut Reader<'_, '_>, known: &Known<'_>) -> (Arc<str>, Vec<usize>) {
    let place = r.place_of("tenants");
    let target = r.some_text("tenants").unwrap_or_default();
    let found = known.tenants.find(&target);
    if found.is_empty() && !target.is_empty() {
        let near = nearest(&target, known.tenants.names());
        let hint = near.map_or(String::new(), |near| format!(": did you mean {near:?}?"));
        r.wrong_at(
            place,
            "tenants",
            format!("{target:?} is not the name of a [[tenant]]{hint}"),
        );
    }
    (target, found)
}

fn azure(r: &mut Reader<'_, '_>, known: &Known<'_>) -> Option<AzureVm> {
    let place = r.place_of("flavors");
    let (target, tenants) = tenants(r, known);
    let app = r.slug("app").unwrap_or_else(|| "vm".into());
    let origin = r.count("origin").unwrap_or_default();
    let shift = r.span("shift").unwrap_or_default();
    let time_compression = r.count32("time_compression").unwrap_or_default();
    let trace = file(r, "path");
    let flavor_file = file(r, "flavors");
    let shapes = flavor_file.as_ref()?;
    let flavors = match flavors::read(&shapes.found, &shapes.path) {
        Ok(flavors) => flavors,
        Err(problem) => {
            r.wrong_at(place, "flavors", problem.to_string());
            return None;
        }
    };
    Some(AzureVm {
        file: trace?,
        origin_s: i64::try_from(origin).unwrap_or(i64::MAX),
        target,
        tenants,
        app,
        flavor_file: flavor_file?,
        flavors,
        shift,
        time_compression,
    })
}

fn churn(r: &mut Reader<'_, '_>, known: &Known<'_>) -> Option<Churn> {
    let (target, tenants) = tenants(r, known);
    let churn = Churn {
        target,
        tenants,
        app: r.slug("app").unwrap_or_else(|| "churn".into()),
        initial: r.count("initial").unwrap_or_default(),
        fill: r.span("fill").unwrap_or_default(),
        rate: r.rate("rate"),
        lifetime: r.span("lifetime").unwrap_or_default(),
        shapes: r.get("shapes", shapes).unwrap_or_default(),
    };
    Some(churn)
}

fn shapes(item: &Item, form: Form) -> Read<Vec<ChurnShape>> {
    let mut shapes: Vec<ChurnShape> = Vec::new();
    for entry in value::list(item, form)? {
        let Value::Table(table) = &entry.value else {
            return Err(value::unexpected(entry, form));
        };
        let fields = Fields::of(entry, table, &["name", "cpu", "memory", "weight"])?;
        let shape = ChurnShape {
            name: fields.get("name", value::slug, Form::Slug(9))?,
            requests: Resources::pod(
                fields.get("cpu", value::cpu, Form::Cpu)?,
                fields.get("memory", value::memory, Form::Memory)?,
            ),
            weight: fields
                .find("weight", value::count32, Form::Count(1, 1_000_000))?
                .unwrap_or(1),
        };
        if shapes.iter().any(|other| other.name == shape.name) {
            return Err(value::fault(
                entry,
                format!("{:?} is there twice", shape.name),
            ));
        }
        shapes.push(shape);
    }
    if shapes.is_empty() || shapes.len() > 250 {
        return Err(value::unexpected(item, form));
    }
    Ok(shapes)
}
